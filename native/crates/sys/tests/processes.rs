//! Tests of processes, run without the test harness: its threads would make fork and clone3 fail.
#![allow(clippy::unwrap_used)]

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::read;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, getpid, waitid, waitpid};
use sys::clone::{Namespaces, clone3};
use sys::fork::{Side, fork, run_without_descriptors};

fn main() {
    clone3_leaves_each_end_of_a_pipe_to_one_process();
    a_function_without_descriptors_runs_after_they_are_closed();
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

fn a_function_without_descriptors_runs_after_they_are_closed() {
    let (reader, writer) = pipe();
    let parent = getpid();
    match fork().unwrap() {
        Side::Child => run_without_descriptors(parent, has_only_standard_streams),
        Side::Parent(child) => {
            drop(writer);
            assert_eq!(read(&reader, &mut [0; 1]), Ok(0));
            let (_, status) = waitpid(Some(child), WaitOptions::empty()).unwrap().unwrap();
            assert_eq!(status.exit_status(), Some(0));
        }
    }
}

fn has_only_standard_streams(_parent: Pid) -> i32 {
    let open = (3..64).filter(|number| sys::descriptor::duplicate(*number).is_ok());
    i32::try_from(open.count()).unwrap()
}
