//! How a step that failed is reported to the daemon.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub kind: FailureKind,
    /// The step that failed: `mount-root`, `mount`, `user`, `working-directory`, `exec`, `unpack`, …
    pub step: String,
    /// What the step worked on: a path, an entry's name, an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// For people: lower-case, no full stop, names cause and, where there is one, the fix.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The program does not exist (exit code 127).
    CommandNotFound,
    /// The program cannot be executed (exit code 126).
    CommandNotExecutable,
    /// The request asked for something impossible (status 400).
    InvalidArgument,
    /// The image or archive is malformed or hostile.
    InvalidImage,
    /// A digest differs from the expected one.
    DigestMismatch,
    /// An id lies outside the mapped range.
    UnmappedId,
    /// What was asked for is not there (status 404).
    NotFound,
    /// The container has ended, or was never started (status 409).
    NotRunning,
    /// Disk, memory or another resource ran out.
    Exhausted,
    /// The kernel refused or an input/output error.
    System,
}
