//! Daemon ↔ zygote, over a connection to `zygote-<VERSION>.sock` in the run directory.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::launch::{ExecRequest, LaunchRequest};
use crate::work::WorkRequest;

/// What the daemon asks of the zygote. The zygote only forks: for [`ToZygote::Launch`],
/// [`ToZygote::Exec`] and [`ToZygote::Work`] the first descriptor is a `SOCK_SEQPACKET` channel that the child answers on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum ToZygote {
    /// Answered by [`FromZygote::Welcome`] on the same connection. No descriptors.
    Hello,
    /// Forks a monitor. Descriptors: channel, then one stream socket per entry of
    /// `attachments`, then the cgroup directory if `cgroup` is set.
    Launch(Box<LaunchRequest>),
    /// Forks a monitor for one more program of a container. Descriptors as of `Launch`.
    Exec(Box<ExecRequest>),
    /// Forks a worker. Descriptors: channel, then what the request names.
    Work(WorkRequest),
    /// Passes the descriptor, a channel, on to the net helper, which is started if there is none.
    Net,
    /// Ends the zygote once it has no children. No answer; the connection closes.
    Shutdown,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum FromZygote {
    Welcome {
        version: u32,
        pid: u32,
        mapping: Mapping,
        /// Whether containers get a cgroup namespace.
        cgroup_namespace: bool,
    },
    /// The message was not understood or came with the wrong descriptors: says what was expected
    /// and what came. The connection closes.
    Refused(Failure),
}

/// How ids inside the user namespace map to ids of the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapping {
    pub mode: MappingMode,
    pub uids: Vec<IdRange>,
    pub gids: Vec<IdRange>,
    /// Why single-id mode was chosen, or how many ids there are if they are fewer than images
    /// expect, and the line that would end it; absent when 65536 ids or more are mapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MappingMode {
    /// 0 is the user, 1 and up are the user's subordinate ids.
    Range,
    /// Only 0 exists, and is the user.
    Single,
}

/// One line of `uid_map` or `gid_map`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdRange {
    pub inside: u32,
    pub outside: u32,
    pub count: u32,
}
