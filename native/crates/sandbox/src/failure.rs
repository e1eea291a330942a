//! Constructors of [`Failure`].

use std::fmt::Display;

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;
use sys::clone;

/// Returns the failure of a system call.
pub fn system(step: &str, subject: &str, errno: Errno) -> Failure {
    Failure {
        message: format!("{step}: {subject}: {errno}"),
        ..Failure::of_call(step, subject, errno)
    }
}

/// Returns a failure with a message for users.
pub fn explained(kind: FailureKind, step: &str, message: impl Display) -> Failure {
    Failure::new(kind, step, message)
}

/// Returns the failure of a clone.
pub fn refused_clone(subject: &str, error: &clone::Error) -> Failure {
    match error {
        clone::Error::Clone(Errno::NOSPC) => explained(
            FailureKind::System,
            "clone",
            format!(
                "clone: {subject}: no more are allowed: raise the sysctls user.max_*_namespaces"
            ),
        ),
        clone::Error::Clone(errno) => system("clone", subject, *errno),
        clone::Error::Threads => explained(
            FailureKind::System,
            "clone",
            format!("clone: {subject}: {error}"),
        ),
    }
}
