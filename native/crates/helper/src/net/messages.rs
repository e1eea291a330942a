//! Between the zygote and the net helper, over the pair of sockets they were forked with.

use protocol::VERSION;
use protocol::zygote::Mapping;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToHelper {
    /// One descriptor: a channel to a daemon.
    Daemon,
    /// The zygote ends, with nothing left to do.
    End,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum FromHelper {
    /// One descriptor: the namespace that the bridges are in, for the next helper.
    Namespace,
    /// One descriptor: a namespace to start a container in.
    Sandbox { sandbox: u64 },
    /// To a zygote that takes the place of one that has died. Two descriptors: the user namespace, and that of the
    /// bridges; as many messages about sandboxes follow.
    Handover { mapping: Mapping, sandboxes: usize },
    /// Nobody is to start in these any more.
    Release { sandboxes: Vec<u64> },
}

/// Where a zygote finds the helper of one that has died, in the run directory.
pub fn socket_name() -> String {
    format!("net-{VERSION}.sock")
}
