//! Short ways to write a [`Failure`].

use std::fmt::Display;

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;

/// A call that the kernel refused.
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

/// Anything that is explained by its own text.
pub fn explained(kind: FailureKind, step: &str, message: impl Display) -> Failure {
    Failure {
        kind,
        step: step.to_owned(),
        subject: None,
        errno: None,
        message: message.to_string(),
    }
}
