//! Target directories of copies, in a container's root.

use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use rustix::fs::{Gid, Mode, OFlags, Uid, fchown, mkdirat, openat};
use rustix::io::Errno;
use walk::DIRECTORY;

use super::path::{c_string, open_text};
use crate::file_failure::refused;

/// Opens a directory and creates missing ones on its path, with the given owner.
pub fn ensure_directory(
    root: BorrowedFd<'_>,
    path: &str,
    owner: Option<(u32, u32)>,
) -> Result<OwnedFd, Failure> {
    let at_path = |errno| refused(path, errno);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut done = String::from("/");
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        let parent = open_text(root, &done, flags).map_err(at_path)?;
        done = format!("{done}{part}/");
        match open_text(root, &done, OFlags::PATH) {
            Err(Errno::NOENT) if part != ".." => {}
            Ok(_) => continue,
            Err(errno) => return Err(at_path(errno)),
        }
        let name = c_string(part)?;
        mkdirat(&parent, &name, Mode::from_raw_mode(0o755)).map_err(at_path)?;
        if let Some((uid, gid)) = owner.filter(|owner| *owner != (0, 0)) {
            let directory = openat(&parent, &name, DIRECTORY, Mode::empty()).map_err(at_path)?;
            let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
            fchown(&directory, Some(uid), Some(gid)).map_err(at_path)?;
        }
    }
    open_text(root, &done, flags).map_err(at_path)
}
