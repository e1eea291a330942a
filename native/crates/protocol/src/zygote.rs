//! Messages between the daemon and the zygote, over a connection to `zygote-<VERSION>.sock` in the run
//! directory.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::launch::{ExecRequest, LaunchRequest};
use crate::work::WorkRequest;

/// A request to the zygote, which only forks. The first descriptor of [`ToZygote::Launch`],
/// [`ToZygote::Exec`] and [`ToZygote::Work`] is a `SOCK_SEQPACKET` channel; the child answers on it.
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
    /// Forks a monitor for another program in a running container. Descriptors as for `Launch`.
    Exec(Box<ExecRequest>),
    /// Forks a worker. Descriptors: channel, then those that the request lists.
    Work(WorkRequest),
    /// Passes the descriptor, a channel, to the net helper, which is started if none runs.
    Net,
    /// Listens on the stream socket `name` in the run directory, to which every user may connect. The zygote keeps the
    /// socket, so that connections wait while no daemon runs. Descriptor: a channel, answered by
    /// [`FromZygote::Listening`].
    Listen { name: String },
    /// Passes empty cgroups for the sandboxes of the next containers. Later launches name them in the same order; the daemon
    /// may pass over some. Descriptors: `count` directories. There is no answer.
    Cgroups { count: usize },
    /// Ends the zygote as soon as it has no children. There is no answer; the connection closes.
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
    /// The listening socket is the message's descriptor.
    Listening,
    /// If an isolated container is started in this new network namespace of the net helper, [`FromZygote::Unused`] may follow.
    /// Sent to every daemon.
    Traced {
        #[serde(rename = "sandbox")]
        namespace: u64,
    },
    /// The container in this network namespace of the net helper has ended and has left nothing there, so another container can
    /// be started in it. Sent to every daemon.
    Unused {
        #[serde(rename = "sandbox")]
        namespace: u64,
    },
    /// The message is malformed or has the wrong descriptors; the failure names the expected and the
    /// received ones. The connection closes.
    Refused(Failure),
}

/// The mapping of ids inside the user namespace to ids of the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapping {
    pub mode: MappingMode,
    pub uids: Vec<IdRange>,
    pub gids: Vec<IdRange>,
    /// Reason for single-id mode, or the number of ids if it is smaller than images expect, with the
    /// line of configuration that adds more; absent if 65536 ids or more are mapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MappingMode {
    /// Id 0 is the user; 1 and up are the user's subordinate ids.
    Range,
    /// Only id 0 exists; it is the user.
    Single,
}

/// A line of `uid_map` or `gid_map`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdRange {
    pub inside: u32,
    pub outside: u32,
    pub count: u32,
}
