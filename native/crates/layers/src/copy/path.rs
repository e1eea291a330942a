//! Paths in a container's root.

use std::ffi::CString;
use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::file_name;
use rustix::fs::OFlags;
use rustix::io::Errno;
use walk::resolve::in_root;

use crate::file_failure::refused;

/// Opens a path as a process with this root sees it. The empty path is the root.
pub fn open(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { "/" } else { path };
    in_root(root, path, flags)
}

/// Opens a path like [`open`]. The path is a text of [`file_name`].
pub fn open_text(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    match &*file_name::to_bytes(path) {
        [] => in_root(root, "/", flags),
        path => in_root(root, path, flags),
    }
}

/// Opens the directory that contains the last part of a path. Also returns that part, which is `.` if the path ends
/// with a slash, `.` or `..`.
pub fn open_parent(root: BorrowedFd<'_>, path: &str) -> Result<(OwnedFd, String), Failure> {
    let (parent, name) = match path.rsplit_once('/') {
        Some((_, "" | "." | "..")) => (path, "."),
        Some((parent, name)) => (parent, name),
        None => ("", path),
    };
    let name = if name.is_empty() { "." } else { name };
    open(root, parent, OFlags::PATH | OFlags::DIRECTORY)
        .map(|directory| (directory, name.to_owned()))
        .map_err(|errno| refused(path, errno))
}

/// Returns the bytes of a name for the kernel. The name is a text of [`file_name`].
pub fn c_string(name: &str) -> Result<CString, Failure> {
    CString::new(file_name::to_bytes(name).into_owned()).map_err(|_| refused(name, Errno::INVAL))
}
