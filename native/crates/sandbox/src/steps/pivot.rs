//! The change to the container's root.

use std::os::fd::BorrowedFd;

use protocol::failure::Failure;
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{chroot, fchdir, pivot_root};

use crate::failure::system;

/// Makes `root` the root of this mount namespace and unmounts everything else.
pub fn pivot(root: BorrowedFd<'_>) -> Result<(), Failure> {
    // With the same directory for both, pivot_root mounts the old root over the new one and the current
    // directory refers to it, so the image needs no directory for the old root.
    fchdir(root)
        .and_then(|()| pivot_root(".", "."))
        .and_then(|()| unmount(".", UnmountFlags::DETACH))
        .and_then(|()| rustix::process::chdir("/"))
        .map_err(|errno: Errno| system("pivot-root", "/", errno))
}

/// Makes `root` the root of this process. It is mounted over the root of this mount namespace, so that `..` leads nowhere
/// else.
pub fn enter(root: BorrowedFd<'_>) -> Result<(), Failure> {
    fchdir(root)
        .and_then(|()| chroot("."))
        .and_then(|()| rustix::process::chdir("/"))
        .map_err(|errno: Errno| system("change-root", "/", errno))
}
