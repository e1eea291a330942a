//! Moves between network namespaces.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::{Errno, pread};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

use crate::errno;
use crate::namespace_limits;

/// The kernel's request for the network namespace of a socket (linux/sockios.h).
pub const SIOCGSKNS: libc::Ioctl = 0x894c;

/// Moves the calling thread into a new network namespace, owned by its user namespace.
pub fn enter_new() -> Result<(), Errno> {
    namespace_limits::within(|| {
        // SAFETY: the descriptor table is not unshared.
        unsafe { unshare_unsafe(UnshareFlags::NEWNET) }
    })
}

/// Moves the calling thread into a network namespace by its descriptor.
pub fn enter(namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))
}

/// Opens the counters of the interfaces of the caller's network namespace. The file shows this namespace in every
/// process.
pub fn open_counters() -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    openat(CWD, "/proc/thread-self/net/dev", flags, Mode::empty())
}

/// Returns whether no packet has passed any interface of the namespace of [`open_counters`].
pub fn is_unused(counters: BorrowedFd<'_>) -> bool {
    let mut text = [0; 4096];
    let length = pread(counters, &mut text, 0).unwrap_or(0);
    // A longer text belongs to a namespace with many interfaces.
    let whole = (1..text.len()).contains(&length);
    whole && str::from_utf8(&text[..length]).is_ok_and(has_no_traffic)
}

/// Returns whether all counters in the text of /proc/net/dev are zero.
fn has_no_traffic(text: &str) -> bool {
    let mut interfaces = text.lines().filter_map(|line| line.split_once(':'));
    interfaces.all(|(_, counters)| counters.split_whitespace().all(|count| count == "0"))
}

/// Returns the network namespace in which a socket was created. Requires CAP_NET_ADMIN over it.
pub fn of_socket(socket: impl AsFd) -> Result<OwnedFd, Errno> {
    // SAFETY: the request takes no argument and returns a new descriptor.
    let raw = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), SIOCGSKNS) };
    if raw < 0 {
        return Err(errno::last());
    }
    // SAFETY: the kernel has just returned this descriptor and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n";

    #[test]
    fn a_namespace_is_unused_until_a_packet_has_passed() {
        assert!(has_no_traffic(&format!(
            "{HEAD}    lo:       0 0 0 0\n  sit0: 0 0 0 0\n"
        )));
        assert!(!has_no_traffic(&format!("{HEAD}    lo:     168 2 168 2\n")));
        assert!(!has_no_traffic(&format!(
            "{HEAD}    lo: 0 0 0 0\n  sit0: 0 0 0 1\n"
        )));
    }
}
