//! Tests of processes, run without the test harness: its threads would make fork and clone3 fail.
#![allow(clippy::unwrap_used)]

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::read;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    PidfdFlags, WaitId, WaitIdOptions, WaitOptions, getpid, pidfd_open, waitid, waitpid,
};
use sys::clone::{Namespaces, clone3};
use sys::fork::{Side, fork};
use sys::signals;

fn main() {
    clone3_leaves_each_end_of_a_pipe_to_one_process();
    a_blocked_signal_stays_pending_until_a_descriptor_reports_it();
    println!("\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
}

fn pipe() -> (OwnedFd, OwnedFd) {
    pipe_with(PipeFlags::CLOEXEC).unwrap()
}

fn clone3_leaves_each_end_of_a_pipe_to_one_process() {
    let (reader, writer) = pipe();
    // The child's read ends only once no process has the writer.
    let (child, writer) = clone3(Namespaces::empty(), None, writer, move || {
        let count = read(&reader, &mut [0; 1]).unwrap();
        std::process::exit(if count == 0 { 7 } else { 1 })
    })
    .unwrap();
    drop(writer);
    let status = waitid(WaitId::PidFd(child.pidfd.as_fd()), WaitIdOptions::EXITED);
    assert_eq!(status.unwrap().unwrap().exit_status(), Some(7));
}

fn a_blocked_signal_stays_pending_until_a_descriptor_reports_it() {
    match fork().unwrap() {
        Side::Child => {
            signals::block_all().unwrap();
            let itself = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
            signals::send(itself.as_fd(), 34).unwrap();
            let descriptor = signals::descriptor(1..=signals::HIGHEST).unwrap();
            let read = signals::read(descriptor.as_fd()).unwrap();
            std::process::exit(if read == Some(34) { 0 } else { 1 })
        }
        Side::Parent(child) => {
            let (_, status) = waitpid(Some(child), WaitOptions::empty()).unwrap().unwrap();
            assert_eq!(status.exit_status(), Some(0));
        }
    }
}
