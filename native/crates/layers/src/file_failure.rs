//! Failures at the path of a file.

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;
use walk::WalkError;

/// Describes a failed system call in Docker's words.
pub fn refused(path: &str, errno: Errno) -> Failure {
    match errno {
        Errno::NOENT => failed(path, "no such file or directory", Some(errno)),
        Errno::NOTDIR => failed(path, "not a directory", Some(errno)),
        _ => failed(path, &errno.to_string(), Some(errno)),
    }
}

/// Describes a failure of reading or writing the content of a file.
pub fn broken(path: &str, error: &std::io::Error) -> Failure {
    failed(path, &error.to_string(), Errno::from_io_error(error))
}

/// Describes a failure of a walk over a tree.
pub fn walk_failed(error: WalkError) -> Failure {
    refused(&String::from_utf8_lossy(&error.path), error.errno)
}

/// Describes a failure with its reason.
pub fn failed(path: &str, reason: &str, errno: Option<Errno>) -> Failure {
    let kind = match errno {
        Some(Errno::NOENT) => FailureKind::NotFound,
        Some(Errno::NOTDIR | Errno::LOOP) => FailureKind::InvalidArgument,
        Some(Errno::NOSPC | Errno::DQUOT) => FailureKind::Exhausted,
        _ => FailureKind::System,
    };
    Failure {
        kind,
        step: "copy".to_owned(),
        subject: Some(path.to_owned()),
        errno: errno.map(Errno::raw_os_error),
        message: format!("{path}: {reason}"),
    }
}
