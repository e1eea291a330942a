//! Daemon ↔ monitor: over the channel given at launch, or over a later connection to the monitor's
//! socket, on which the monitor first sends what has happened so far.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::launch::Attachment;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum ToMonitor {
    /// One descriptor: the stream socket to serve. It is closed when the container ends and all
    /// output was written to it.
    Attach(Attachment),
    /// Sends a signal to the container's PID 1.
    Signal { number: i32 },
    /// Sets the size of the container's terminal; nothing without one.
    Resize { columns: u16, rows: u16 },
    /// Answered once by [`FromMonitor::Logged`] as soon as the log differs from this position.
    AwaitLog { generation: u64, size: u64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum FromMonitor {
    /// The program was executed.
    Started(Started),
    /// The container could not be started; the monitor ends.
    Failed(Failure),
    /// Answers [`ToMonitor::AwaitLog`]. `generation` counts rotations, `size` is in bytes.
    Logged { generation: u64, size: u64 },
    /// The kernel killed a process of the container for want of memory.
    OutOfMemory,
    /// The container ended, its output is written and its exit record is in place.
    Exited(Exited),
    /// A message on this connection was not understood or came with the wrong descriptors: says
    /// what was expected and what came. The connection closes; the container is not touched.
    Refused(Failure),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// Process id of the container's PID 1 on the host.
    pub pid: u32,
    /// RFC 3339 with nanoseconds, UTC.
    pub started_at: String,
    /// In order of time.
    pub phases: Vec<Phase>,
}

/// When a phase ended, in nanoseconds of CLOCK_MONOTONIC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// `received`, `forked`, `cloned`, `mounted`, `pivoted`, `confined`, `executed`.
    pub name: String,
    pub at: u64,
}

/// Also the content of `containers/<id>/exit.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exited {
    pub pid: u32,
    /// 0 to 255; 128 + n when signal n ended the program.
    pub code: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    pub oom_killed: bool,
    pub started_at: String,
    pub finished_at: String,
}
