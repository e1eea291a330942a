//! Messages over the sockets of the zygote and the monitors, with a timeout.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sys::seqpacket::{self, Flags};

/// Longest wait for any event. A test that reaches it fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Receives a message, or `None` at the end of the connection.
pub fn receive<T: DeserializeOwned>(socket: &OwnedFd) -> Option<T> {
    let received = seqpacket::receive(socket.as_fd()).unwrap()?;
    assert!(received.descriptors.is_empty());
    Some(serde_json::from_slice(&received.text).unwrap())
}

pub fn send(socket: &OwnedFd, message: &impl Serialize, descriptors: &[BorrowedFd<'_>]) {
    let text = serde_json::to_vec(message).unwrap();
    seqpacket::send(socket.as_fd(), &text, descriptors, Flags::empty()).unwrap();
}

/// Sets [`PATIENCE`] as the timeout of a socket.
pub fn patient(socket: OwnedFd) -> OwnedFd {
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE)).unwrap();
    socket
}

pub fn zygote_socket() -> String {
    format!("zygote-{}.sock", protocol::VERSION)
}

/// Polls a condition that causes no event.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "still waiting for {what}");
        std::thread::yield_now();
    }
}
