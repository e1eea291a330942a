//! Failures as reported to the daemon.

use std::fmt::Display;

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

/// A failed step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub kind: FailureKind,
    /// Name of the step: `mount-root`, `mount`, `user`, `working-directory`, `exec`, `unpack`, …
    pub step: String,
    /// Object of the step: a path, an entry's name, an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// Message for users: lower case, no full stop, with the cause and, if there is one, the remedy.
    pub message: String,
}

impl Failure {
    /// Returns a failure with a message for users.
    pub fn new(kind: FailureKind, step: &str, message: impl Display) -> Self {
        Self {
            kind,
            step: step.to_owned(),
            subject: None,
            errno: None,
            message: message.to_string(),
        }
    }

    /// Returns the failure of a system call on `subject`.
    pub fn of_call(step: &str, subject: &str, errno: Errno) -> Self {
        Self {
            kind: FailureKind::of_errno(errno),
            step: step.to_owned(),
            subject: Some(subject.to_owned()),
            errno: Some(errno.raw_os_error()),
            message: format!("{subject}: {errno}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The program does not exist (exit status 127).
    CommandNotFound,
    /// The program cannot be executed (exit status 126).
    CommandNotExecutable,
    /// The request is invalid (HTTP status 400).
    InvalidArgument,
    /// The image or archive is malformed or hostile.
    InvalidImage,
    /// A digest differs from the expected one.
    DigestMismatch,
    /// An id is outside the mapped range.
    UnmappedId,
    /// The requested object does not exist (HTTP status 404).
    NotFound,
    /// The container has exited, or was never started (HTTP status 409).
    NotRunning,
    /// Disk space, memory or another resource is exhausted.
    Exhausted,
    /// A system call failed.
    System,
}

impl FailureKind {
    fn of_errno(errno: Errno) -> Self {
        match errno {
            Errno::NOSPC
            | Errno::DQUOT
            | Errno::NOMEM
            | Errno::MFILE
            | Errno::NFILE
            | Errno::AGAIN => Self::Exhausted,
            _ => Self::System,
        }
    }
}
