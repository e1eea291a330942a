//! Messages between the daemon and a monitor, over the channel given at launch or over a later
//! connection to the monitor's socket. On a new connection the monitor first repeats its past messages.

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
    /// Serves a stream socket, the one descriptor of the message. It is closed once the container has exited
    /// and all output is written to it.
    Attach(Attachment),
    /// Sends a signal to the container's PID 1.
    Signal { number: i32 },
    /// Sets the size of the container's terminal; ignored without one.
    Resize { columns: u16, rows: u16 },
    /// Requests one [`FromMonitor::Logged`] as soon as the log differs from this position.
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
    /// Answers [`ToMonitor::AwaitLog`]. `generation` counts rotations; `size` is in bytes.
    Logged { generation: u64, size: u64 },
    /// The kernel's OOM killer ended a process of the container.
    OutOfMemory,
    /// The container has exited, its output is written and its exit record exists.
    Exited(Exited),
    /// A message on this connection is malformed or has the wrong descriptors; the failure names the
    /// expected and the received ones. The connection closes; the container is not affected.
    Refused(Failure),
}

/// A container whose program was executed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// Process id of the container's PID 1 on the host.
    pub pid: u32,
    /// RFC 3339 with nanoseconds, UTC.
    pub started_at: String,
    /// Phases of the start, in order of time.
    pub phases: Vec<Phase>,
    /// Whether the monitor knows [`Attachment::after_log`]; monitors of tbox 0.1.0 do not.
    #[serde(default)]
    pub marks_log: bool,
}

/// End of the log at the moment when a client was attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogEnd {
    /// Inode of the newest file; 0 without a log.
    pub inode: u64,
    /// Length of that file in bytes.
    pub size: u64,
}

impl LogEnd {
    /// Returns the bytes in a stream: two numbers in little-endian order.
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.size) << 64 | u128::from(self.inode)).to_le_bytes()
    }
}

/// A phase of a start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// One of `received`, `forked`, `cloned`, `mounted`, `pivoted`, `confined`, `executed`.
    pub name: String,
    /// End of the phase, in nanoseconds of CLOCK_MONOTONIC.
    pub at: u64,
}

/// The exit of a container; also the content of `containers/<id>/exit.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exited {
    pub pid: u32,
    /// Exit status, 0 to 255; 128 + n if signal n ended the program.
    pub code: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    pub oom_killed: bool,
    pub started_at: String,
    pub finished_at: String,
}
