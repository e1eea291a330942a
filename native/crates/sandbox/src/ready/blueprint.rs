//! The settings that a sandbox needs before it is prepared.

use protocol::launch::{LaunchRequest, Mount, Network, Root};

/// The settings of a sandbox. The next request probably has the settings of the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blueprint {
    /// Whether the network namespace belongs to the container alone; otherwise the request names it.
    pub(super) private_network: bool,
    pub(super) shm_size: u64,
    /// Whether the sandbox is in a cgroup of its own.
    pub(super) cgroup: bool,
    pub(super) cgroup_writable: bool,
    pub(super) masked_paths: Vec<String>,
    pub(super) readonly_paths: Vec<String>,
}

impl Blueprint {
    /// Returns the settings that suit a request; `None` if the container must be started step by step. That is the case if
    /// the request decides about the clone itself (shared namespaces, OOM score), needs the monitor during the
    /// start (keep-id), or mounts something in the container's own view of the host.
    pub fn of(request: &LaunchRequest) -> Option<Self> {
        let private_network = match request.network {
            Network::None => true,
            Network::Namespace { .. } | Network::Process { .. } => false,
            Network::Host => return None,
        };
        let process = &request.process;
        let ordinary = matches!(request.root, Root::Layers { targets: false, .. })
            && request.shared.is_default()
            && request.sysctls.is_empty()
            && process.keep_id.is_none()
            && process.oom_score_adjustment.is_none()
            && !request.mounts.iter().any(is_tree);
        ordinary.then(|| Self {
            private_network,
            shm_size: request.shm_size,
            cgroup: request.cgroup,
            cgroup_writable: request.cgroup_writable,
            masked_paths: request.masked_paths.clone(),
            readonly_paths: request.readonly_paths.clone(),
        })
    }

    /// Returns whether the sandbox needs a cgroup.
    pub fn has_cgroup(&self) -> bool {
        self.cgroup
    }

    /// Returns whether the network is the container's own.
    pub fn has_private_network(&self) -> bool {
        self.private_network
    }
}

/// Returns whether a mount is a tree, which needs an overlay in the container's mount namespace.
fn is_tree(mount: &Mount) -> bool {
    matches!(mount, Mount::Tree { .. })
}
