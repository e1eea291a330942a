//! Moves between namespaces.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::thread::{
    LinkNameSpaceType, ThreadNameSpaceType, UnshareFlags, move_into_link_name_space,
    move_into_thread_name_spaces, unshare_unsafe,
};

use crate::clone::Namespaces;
use crate::namespace_limits;

/// Moves the calling thread, which must be the only one, into these namespaces of a process. A joined PID
/// namespace applies to later children only.
pub fn join(process: BorrowedFd<'_>, namespaces: Namespaces) -> Result<(), Errno> {
    // Both types use the kernel's CLONE_NEW* bits.
    let kinds = ThreadNameSpaceType::from_bits_retain(namespaces.bits() as u32);
    move_into_thread_name_spaces(process, kinds)
}

/// Moves the calling thread, which must be the only one, into a mount namespace by its descriptor.
pub fn enter_mounts(namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::Mount))
}

/// Moves the calling thread, which must be the only one, into a new cgroup namespace, whose root is the
/// thread's cgroup.
pub fn enter_new_cgroup() -> Result<(), Errno> {
    namespace_limits::within(|| {
        // SAFETY: the descriptor table is not unshared.
        unsafe { unshare_unsafe(UnshareFlags::NEWCGROUP) }
    })
}

/// Moves the calling thread, which must be the only one, into a copy of its mount namespace.
pub fn enter_new_mounts() -> Result<(), Errno> {
    namespace_limits::within(|| {
        // SAFETY: the descriptor table is not unshared.
        unsafe { unshare_unsafe(UnshareFlags::NEWNS) }
    })
}
