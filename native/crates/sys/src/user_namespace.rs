//! Entering a user namespace of one's own.

use rustix::io::Errno;
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Moves the process into a new user namespace and a mount namespace owned by it. No id is mapped
/// yet. Fails with EINVAL while there is a second thread.
pub fn enter_new() -> Result<(), Errno> {
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) }
}

/// Moves the process into a new user namespace alone: what it has mounted and named stays the older one's.
/// No id is mapped yet. Fails with EINVAL while there is a second thread.
pub fn enter_child() -> Result<(), Errno> {
    // SAFETY: the descriptor table is not unshared.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER) }
}
