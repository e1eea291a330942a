//! Constructors of [`Failure`].

use std::fmt::Display;

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;
use sys::clone;

/// Returns the failure of a system call.
pub fn system(step: &str, subject: &str, errno: Errno) -> Failure {
    let kind = match errno {
        Errno::NOSPC | Errno::DQUOT | Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::AGAIN => {
            FailureKind::Exhausted
        }
        _ => FailureKind::System,
    };
    Failure {
        kind,
        step: step.to_owned(),
        subject: Some(subject.to_owned()),
        errno: Some(errno.raw_os_error()),
        message: format!("{step}: {subject}: {errno}"),
    }
}

/// Returns a failure with a message of its own.
pub fn explained(kind: FailureKind, step: &str, message: impl Display) -> Failure {
    Failure {
        kind,
        step: step.to_owned(),
        subject: None,
        errno: None,
        message: message.to_string(),
    }
}

/// Returns the failure of a clone.
pub fn refused_clone(subject: &str, error: &clone::Error) -> Failure {
    match error {
        clone::Error::Clone(errno) => system("clone", subject, *errno),
        clone::Error::Threads => explained(
            FailureKind::System,
            "clone",
            format!("clone: {subject}: {error}"),
        ),
    }
}
