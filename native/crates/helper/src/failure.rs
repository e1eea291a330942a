//! Constructors of [`Failure`].

use std::fmt::Display;

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;

/// Returns the failure of a system call.
pub fn system(step: &str, subject: &str, errno: Errno) -> Failure {
    Failure {
        kind: kind(errno),
        step: step.to_owned(),
        subject: Some(subject.to_owned()),
        errno: Some(errno.raw_os_error()),
        message: format!("{subject}: {errno}"),
    }
}

/// Returns a failure with a message for users.
pub fn explained(kind: FailureKind, step: &str, message: impl Display) -> Failure {
    Failure {
        kind,
        step: step.to_owned(),
        subject: None,
        errno: None,
        message: message.to_string(),
    }
}

fn kind(errno: Errno) -> FailureKind {
    match errno {
        Errno::NOSPC | Errno::DQUOT | Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::AGAIN => {
            FailureKind::Exhausted
        }
        _ => FailureKind::System,
    }
}
