//! A network namespace that was created before a container needs it.

use std::os::fd::OwnedFd;

use sys::network_namespace::read_traces;

/// An empty network namespace whose loopback interface is up.
#[derive(Debug)]
pub struct PreparedNetwork {
    pub namespace: OwnedFd,
    /// Files that tell whether it was used.
    traces: Vec<OwnedFd>,
    /// Their text before the first use.
    unused: Option<Vec<u8>>,
}

impl PreparedNetwork {
    /// Returns the network of a preparer's message, which has the namespace and its traces.
    pub fn of(descriptors: Vec<OwnedFd>) -> Option<Self> {
        let mut descriptors = descriptors.into_iter();
        let namespace = descriptors.next()?;
        let traces: Vec<_> = descriptors.collect();
        let unused = read_traces(&traces).filter(|text| !text.is_empty());
        Some(Self {
            namespace,
            traces,
            unused,
        })
    }

    /// Closes the traces: the network is never unused again.
    pub fn without_traces(self) -> Self {
        Self {
            traces: Vec::new(),
            unused: None,
            ..self
        }
    }

    /// Returns whether everything that a use would have changed is as it was.
    pub fn is_unused(&self) -> bool {
        self.unused.is_some() && read_traces(&self.traces) == self.unused
    }
}
