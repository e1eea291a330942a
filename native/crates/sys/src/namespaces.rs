//! Joining the namespaces of another process.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::thread::{
    LinkNameSpaceType, ThreadNameSpaceType, UnshareFlags, move_into_link_name_space,
    move_into_thread_name_spaces, unshare_unsafe,
};

use crate::clone::Namespaces;

/// Moves the calling thread, which must be the only one, into these namespaces of the process. Of the pid
/// namespace only its later children are.
pub fn join(process: BorrowedFd<'_>, namespaces: Namespaces) -> Result<(), Errno> {
    // Both sets are of the kernel's CLONE_NEW* bits.
    let kinds = ThreadNameSpaceType::from_bits_retain(namespaces.bits() as u32);
    move_into_thread_name_spaces(process, kinds)
}

/// Moves the calling thread, which must be the only one, back into a mount namespace that it has opened.
pub fn return_to_mounts(namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::Mount))
}

/// Makes the calling thread's cgroup the root of what it sees of the hierarchy; it must be the only thread.
pub fn enter_new_cgroup() -> Result<(), Errno> {
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWCGROUP) }
}

/// Moves the calling thread, which must be the only one, into a copy of its mount namespace.
pub fn enter_new_mounts() -> Result<(), Errno> {
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }
}
