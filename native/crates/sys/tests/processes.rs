//! Tests of processes, run without the test harness: its threads would make fork and clone3 fail.
#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::{Errno, read};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    PidfdFlags, WaitId, WaitIdOptions, WaitOptions, getpid, pidfd_open, waitid, waitpid,
};
use sys::clone::{Namespaces, clone3};
use sys::fork::{Side, fork};
use sys::interface;
use sys::network_namespace::{open_traces, read_traces};
use sys::signals;

fn main() {
    clone3_leaves_each_end_of_a_pipe_to_one_process();
    a_blocked_signal_stays_pending_until_a_descriptor_reports_it();
    a_left_multicast_group_sends_nothing_and_a_socket_is_a_trace();
    println!("\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
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

fn a_left_multicast_group_sends_nothing_and_a_socket_is_a_trace() {
    let namespaces = Namespaces::USER | Namespaces::NETWORK;
    let child = match clone3(namespaces, None, (), || {
        use_network_namespace();
        std::process::exit(0)
    }) {
        Ok((child, ())) => child,
        Err(error) => {
            println!("no user namespace: {error}");
            return;
        }
    };
    let status = waitid(WaitId::PidFd(child.pidfd.as_fd()), WaitIdOptions::EXITED);
    assert_eq!(status.unwrap().unwrap().exit_status(), Some(0));
}

fn use_network_namespace() {
    interface::loopback_up().unwrap();
    let traces = match open_traces() {
        Err(Errno::ROFS) => return println!("/proc/sys is read-only"),
        traces => traces.unwrap(),
    };
    let unused = read_traces(&traces).unwrap();
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let group = Ipv4Addr::new(239, 1, 2, 3);
    socket
        .join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
        .unwrap();
    assert_ne!(read_traces(&traces).unwrap(), unused);
    drop(socket);
    if read_traces(&traces).unwrap() == unused {
        // The kernel sends a pending report within this time.
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(read_traces(&traces).unwrap(), unused);
    }
}
