//! Moves between network namespaces.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::io::Errno;
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
