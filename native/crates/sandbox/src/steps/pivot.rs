//! Leaving the host's view for good.

use std::os::fd::BorrowedFd;

use protocol::failure::Failure;
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{fchdir, pivot_root};

use crate::failure::system;

/// Makes `root` the root of this mount namespace and drops everything else.
pub fn pivot(root: BorrowedFd<'_>) -> Result<(), Failure> {
    // With the same directory for both, the old root ends up on top of the new one and the current
    // directory refers to it; no place for it is needed in the image.
    fchdir(root)
        .and_then(|()| pivot_root(".", "."))
        .and_then(|()| unmount(".", UnmountFlags::DETACH))
        .and_then(|()| rustix::process::chdir("/"))
        .map_err(|errno: Errno| system("pivot-root", "/", errno))
}
