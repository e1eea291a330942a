//! A network namespace that was created before a container needs it.

use std::os::fd::{AsFd, OwnedFd};

use sys::network_namespace;

/// An empty network namespace whose loopback interface is up.
#[derive(Debug)]
pub struct PreparedNetwork {
    pub namespace: OwnedFd,
    /// The counters of its interfaces.
    counters: OwnedFd,
}

impl PreparedNetwork {
    /// Returns the network of a preparer's message, which has the namespace and its counters.
    pub fn of(descriptors: Vec<OwnedFd>) -> Option<Self> {
        let mut descriptors = descriptors.into_iter();
        Some(Self {
            namespace: descriptors.next()?,
            counters: descriptors.next()?,
        })
    }

    /// Returns whether no packet has passed.
    pub fn is_unused(&self) -> bool {
        network_namespace::is_unused(self.counters.as_fd())
    }
}
