//! Moves into user namespaces.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

use crate::errno;
use crate::namespace_limits;

/// The kernel's request for the parent of a namespace (ioctl_ns(2)).
const NS_GET_PARENT: libc::Ioctl = 0xb702;

/// Moves the process into a new user namespace, in which no id is mapped yet, and a new mount namespace
/// that it owns. EINVAL while there is a second thread.
pub fn enter_new() -> Result<(), Errno> {
    namespace_limits::within(|| {
        // SAFETY: the descriptor table is not unshared.
        unsafe { unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) }
    })
}

/// Moves the process into a user namespace of its user, and a new mount namespace that it owns. EINVAL
/// while there is a second thread.
pub fn enter(namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::User))?;
    namespace_limits::within(|| {
        // SAFETY: the descriptor table is not unshared.
        unsafe { unshare_unsafe(UnshareFlags::NEWNS) }
    })
}

/// Moves the process into a new user namespace, in which no id is mapped yet. The parent user namespace still owns the
/// process's other namespaces. EINVAL while there is a second thread.
pub fn enter_child() -> Result<(), Errno> {
    namespace_limits::within(|| {
        // SAFETY: the descriptor table is not unshared.
        unsafe { unshare_unsafe(UnshareFlags::NEWUSER) }
    })
}

/// Returns the user namespace that contains another process and whose parent is this process's namespace; `None` if the
/// other process is not below that namespace.
pub fn child_of_own(process: u32) -> Option<OwnedFd> {
    let own = inode(&open("self").ok()?)?;
    let mut namespace = open(&process.to_string()).ok()?;
    loop {
        let parent = parent_of(&namespace).ok()?;
        if inode(&parent)? == own {
            return Some(namespace);
        }
        namespace = parent;
    }
}

fn open(process: &str) -> Result<OwnedFd, Errno> {
    let path = format!("/proc/{process}/ns/user");
    openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}

fn inode(namespace: &OwnedFd) -> Option<u64> {
    Some(fstat(namespace).ok()?.st_ino)
}

fn parent_of(namespace: &OwnedFd) -> Result<OwnedFd, Errno> {
    // SAFETY: the request takes no argument and returns a new descriptor.
    let raw = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_PARENT) };
    if raw < 0 {
        return Err(errno::last());
    }
    // SAFETY: the kernel has just returned this descriptor and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}
