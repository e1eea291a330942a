//! Descriptors that a net helper inherits from the zygote.

use std::os::fd::OwnedFd;

/// Descriptors for a new net helper, including those that an earlier helper left.
#[derive(Debug)]
pub struct NetHelperStart {
    /// The channel to the zygote.
    pub zygote: OwnedFd,
    /// The run directory, in which a later zygote finds the helper.
    pub run: OwnedFd,
    /// The channel to the daemon that asked for the helper.
    pub daemon: OwnedFd,
    /// The bridges' network namespace, if it exists.
    pub bridges: Option<OwnedFd>,
    /// The containers' network namespaces.
    pub namespaces: Vec<(u64, OwnedFd)>,
}
