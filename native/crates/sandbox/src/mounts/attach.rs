//! Detached mounts, and their attachment to mount points that are open already.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};
use sys::mounts::{Attributes, Depth, Propagation, set_attributes};

/// Attributes of standard mounts: nosuid, nodev and noexec.
pub const RESTRICTED: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID
    .union(MountAttrFlags::MOUNT_ATTR_NODEV)
    .union(MountAttrFlags::MOUNT_ATTR_NOEXEC);

/// Creates a mount of a new file system instance, with the file system's type as its source.
pub fn create(
    kind: &str,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> Result<OwnedFd, Errno> {
    create_named(kind, kind, options, attributes)
}

/// Creates a mount like [`create`] with another source, which `mount` and `df` show.
pub fn create_named(
    kind: &str,
    source: &str,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> Result<OwnedFd, Errno> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    // The kernel's default is "none".
    fsconfig_set_string(context.as_fd(), "source", source)?;
    for (key, value) in options {
        fsconfig_set_string(context.as_fd(), *key, *value)?;
    }
    fsconfig_create(context.as_fd())?;
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// Clones the mount at a path of the caller's own view.
pub fn clone_path(path: &str, depth: Depth) -> Result<OwnedFd, Errno> {
    open_tree(CWD, path, clone_flags(depth))
}

/// Clones the mount of an open file, which must be in the caller's mount namespace.
pub fn clone_of(file: BorrowedFd<'_>, depth: Depth) -> Result<OwnedFd, Errno> {
    let flags = clone_flags(depth) | OpenTreeFlags::AT_EMPTY_PATH;
    open_tree(file, "", flags)
}

/// Makes a mount private and adds attributes to it.
pub fn restrict(mount: OwnedFd, add: Attributes, depth: Depth) -> Result<OwnedFd, Errno> {
    set_attributes(mount.as_fd(), add, Propagation::Private, depth)?;
    Ok(mount)
}

/// Attaches the mount to a mount point.
pub fn attach(mount: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<(), Errno> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", target, "", flags)
}

fn clone_flags(depth: Depth) -> OpenTreeFlags {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    flags.set(OpenTreeFlags::AT_RECURSIVE, depth == Depth::Tree);
    flags
}
