//! Making mounts that are attached nowhere yet, and attaching them to a place that was opened before.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, move_mount, open_tree,
};

use crate::tree::Kind;

/// A new instance of a file system.
pub fn create(
    kind: &str,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> Result<OwnedFd, Errno> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    // What `mount` and `df` show in front; without it they say "none".
    fsconfig_set_string(context.as_fd(), "source", kind)?;
    for (key, value) in options {
        fsconfig_set_string(context.as_fd(), *key, *value)?;
    }
    fsconfig_create(context.as_fd())?;
    fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// A second mount of what lies at a path of the caller's own view.
pub fn copy(path: &str, recursive: bool) -> Result<OwnedFd, Errno> {
    open_tree(CWD, path, copy_flags(recursive))
}

/// A second mount of what a descriptor refers to; it must be of the caller's mount namespace.
pub fn copy_of(place: BorrowedFd<'_>, recursive: bool) -> Result<OwnedFd, Errno> {
    open_tree(
        place,
        "",
        copy_flags(recursive) | OpenTreeFlags::AT_EMPTY_PATH,
    )
}

/// Covers `target` with the mount.
pub fn attach(mount: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<(), Errno> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(mount, "", target, "", flags)
}

/// Whether a mount is of a directory or of a file.
pub fn kind(mount: BorrowedFd<'_>) -> Result<Kind, Errno> {
    let mode = rustix::fs::fstat(mount)?.st_mode;
    let directory = rustix::fs::FileType::from_raw_mode(mode).is_dir();
    Ok(if directory {
        Kind::Directory
    } else {
        Kind::File
    })
}

fn copy_flags(recursive: bool) -> OpenTreeFlags {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    flags.set(OpenTreeFlags::AT_RECURSIVE, recursive);
    flags
}
