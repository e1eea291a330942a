//! The status of a file in a container.

use std::os::fd::BorrowedFd;

use protocol::failure::Failure;
use protocol::work::FileStatus;
use rustix::fs::{AtFlags, FileType, readlinkat, statat};

use super::path::open_parent;
use crate::file_failure::refused;

/// Returns the status of the file at a path; of a symbolic link itself, unless the path ends with a slash.
pub fn status(root: BorrowedFd<'_>, path: &str) -> Result<FileStatus, Failure> {
    let at_path = |errno| refused(path, errno);
    let (parent, name) = open_parent(root, path)?;
    let found = statat(&parent, name.as_str(), AtFlags::SYMLINK_NOFOLLOW).map_err(at_path)?;
    let target = match FileType::from_raw_mode(found.st_mode) {
        FileType::Symlink => {
            let target = readlinkat(&parent, name.as_str(), Vec::new()).map_err(at_path)?;
            String::from_utf8_lossy(target.as_bytes()).into_owned()
        }
        _ => String::new(),
    };
    Ok(FileStatus {
        mode: found.st_mode,
        size: found.st_size.unsigned_abs(),
        modified: found.st_mtime,
        nanoseconds: found.st_mtime_nsec,
        target,
    })
}
