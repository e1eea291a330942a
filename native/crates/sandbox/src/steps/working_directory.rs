//! The program's working directory.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use rustix::fs::{FileType, OFlags, fstat};
use rustix::io::Errno;
use rustix::process::fchdir;

use crate::failure::{explained, system};
use crate::in_root::{self, Kind};

/// The treatment of a working directory that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Create,
    Refuse,
}

/// Enters `path` within the root, through no magic link.
pub fn enter(root: BorrowedFd<'_>, path: &str, missing: Missing) -> Result<(), Failure> {
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
    let directory = match missing {
        Missing::Create => in_root::ensure(root, path, Kind::Directory).map_err(refused)?,
        Missing::Refuse => open_existing(root, path)?,
    };
    let status = fstat(directory.as_fd()).map_err(refused)?;
    if FileType::from_raw_mode(status.st_mode) != FileType::Directory {
        return Err(invalid("is not a directory"));
    }
    fchdir(directory).map_err(refused)
}

/// Opens the working directory of an exec. The kinds of its failures decide the exit status, as for the program.
fn open_existing(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Failure> {
    in_root::open(root, path, OFlags::PATH | OFlags::DIRECTORY).map_err(|errno| {
        let (kind, reason) = match errno {
            Errno::NOENT => (
                FailureKind::CommandNotFound,
                "no such file or directory".to_owned(),
            ),
            Errno::NOTDIR => (
                FailureKind::CommandNotExecutable,
                "not a directory".to_owned(),
            ),
            _ => (FailureKind::CommandNotExecutable, errno.to_string()),
        };
        let message = format!("chdir to cwd ({path:?}) set in config.json failed: {reason}");
        explained(kind, "working-directory", message)
    })
}
