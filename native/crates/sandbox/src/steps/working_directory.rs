//! The program's working directory.

use std::os::fd::{AsFd, BorrowedFd};

use protocol::failure::{Failure, FailureKind};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::process::fchdir;

use crate::failure::{explained, system};
use crate::in_root::{self, Kind};

/// Enters `path` within the root, through no magic link. Creates it if it does not exist.
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
        Errno::LOOP => invalid("contains a symbolic link that cannot be followed"),
        _ => system("working-directory", path, errno),
    };
    let directory = in_root::ensure(root, path, Kind::Directory).map_err(refused)?;
    let status = fstat(directory.as_fd()).map_err(refused)?;
    if FileType::from_raw_mode(status.st_mode) != FileType::Directory {
        return Err(invalid("is not a directory"));
    }
    fchdir(directory).map_err(refused)
}
