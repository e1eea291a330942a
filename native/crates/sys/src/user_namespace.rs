//! Entering a user namespace of one's own.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

/// Moves the process into a new user namespace and a mount namespace owned by it. No id is mapped
/// yet. Fails with EINVAL while there is a second thread.
pub fn enter_new() -> Result<(), Errno> {
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) }
}

/// Moves the process into a user namespace that its user owns, and a new mount namespace owned by that. Fails
/// with EINVAL while there is a second thread.
pub fn enter(namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::User))?;
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }
}

/// Moves the process into a new user namespace alone: what it has mounted and named stays the older one's.
/// No id is mapped yet. Fails with EINVAL while there is a second thread.
pub fn enter_child() -> Result<(), Errno> {
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER) }
}
