//! Mount attributes, which rustix cannot set.

use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;

use crate::errno;

bitflags::bitflags! {
    /// Attributes of `mount_setattr(2)`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Attributes: u64 {
        const READONLY = libc::MOUNT_ATTR_RDONLY;
        const NOSUID = libc::MOUNT_ATTR_NOSUID;
        const NODEV = libc::MOUNT_ATTR_NODEV;
        const NOEXEC = libc::MOUNT_ATTR_NOEXEC;
    }
}

/// Propagation of mount events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    Unchanged,
    Private,
    Slave,
    Shared,
}

/// The mounts that a change applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The mount itself.
    One,
    /// The mount and all mounts below it.
    Tree,
}

/// Adds attributes to a mount, and sets its propagation.
pub fn set_attributes(
    mount: BorrowedFd<'_>,
    add: Attributes,
    propagation: Propagation,
    depth: Depth,
) -> Result<(), Errno> {
    let attributes = libc::mount_attr {
        attr_set: add.bits(),
        attr_clr: 0,
        propagation: match propagation {
            Propagation::Unchanged => 0,
            Propagation::Private => libc::MS_PRIVATE,
            Propagation::Slave => libc::MS_SLAVE,
            Propagation::Shared => libc::MS_SHARED,
        },
        userns_fd: 0,
    };
    let mut flags = libc::AT_EMPTY_PATH;
    if depth == Depth::Tree {
        flags |= libc::AT_RECURSIVE;
    }
    // SAFETY: the path ends with a null byte and the structure has the size that is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    errno::check(result)
}
