//! Moves into user namespaces.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

/// Moves the process into a new user namespace, in which no id is mapped yet, and a new mount namespace
/// that it owns. EINVAL while there is a second thread.
pub fn enter_new() -> Result<(), Errno> {
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) }
}

/// Moves the process into a user namespace of its user, and a new mount namespace that it owns. EINVAL
/// while there is a second thread.
pub fn enter(namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::User))?;
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }
}

/// Moves the process into a new user namespace, in which no id is mapped yet. The parent user namespace still owns the
/// process's other namespaces. EINVAL while there is a second thread.
pub fn enter_child() -> Result<(), Errno> {
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER) }
}
