//! Moves between network namespaces.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

/// Moves the calling thread into a new network namespace, owned by its user namespace.
pub fn enter_new() -> Result<(), Errno> {
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }
}

/// Moves the calling thread into a network namespace by its descriptor.
pub fn enter(namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))
}
