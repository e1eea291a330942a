//! The program's working directory.

use std::os::fd::{AsFd, BorrowedFd};

use protocol::failure::{Failure, FailureKind};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::process::fchdir;

use crate::failure::{explained, system};
use crate::tree::{self, Kind};

/// Enters `path`, which is made if it is missing, as the image's root sees it and through no magic link.
pub fn enter(root: BorrowedFd<'_>, path: &str) -> Result<(), Failure> {
    let invalid = |reason: &str| {
        let message = format!("working directory {path:?} {reason}");
        explained(FailureKind::InvalidArgument, "working-directory", message)
    };
    if !path.starts_with('/') {
        return Err(invalid("is invalid, it needs to be an absolute path"));
    }
    let refused = |errno| match errno {
        Errno::NOTDIR => invalid("is not a directory"),
        Errno::LOOP => invalid("leads through a link that is not followed"),
        _ => system("working-directory", path, errno),
    };
    let directory = tree::ensure(root, path, Kind::Directory).map_err(refused)?;
    let status = fstat(directory.as_fd()).map_err(refused)?;
    if FileType::from_raw_mode(status.st_mode) != FileType::Directory {
        return Err(invalid("is not a directory"));
    }
    fchdir(directory).map_err(refused)
}
