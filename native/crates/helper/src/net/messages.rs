//! Between the zygote and the net helper, over the pair of sockets they were forked with.

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToHelper {
    /// One descriptor: a channel to a daemon.
    Daemon,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromHelper {
    /// One descriptor: the namespace that the bridges are in, for the next helper.
    Namespace,
    /// One descriptor: a namespace to start a container in.
    Sandbox { sandbox: u64 },
    /// Nobody is to start in these any more.
    Release { sandboxes: Vec<u64> },
}
