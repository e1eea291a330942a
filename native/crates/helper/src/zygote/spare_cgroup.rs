//! Empty cgroups that the daemon has created ahead, for the sandboxes of the next containers.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::fstat;

/// A cgroup that the daemon gives to one of the next containers.
#[derive(Debug)]
pub struct SpareCgroup {
    pub directory: OwnedFd,
    identity: Identity,
}

/// Identity of a cgroup's directory: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(u64, u64);

impl Identity {
    pub fn of(directory: BorrowedFd<'_>) -> Option<Self> {
        let status = fstat(directory).ok()?;
        Some(Self(status.st_dev, status.st_ino))
    }
}

impl SpareCgroup {
    pub fn new(directory: OwnedFd) -> Option<Self> {
        let identity = Identity::of(directory.as_fd())?;
        Some(Self {
            directory,
            identity,
        })
    }

    pub fn is(&self, identity: Identity) -> bool {
        self.identity == identity
    }
}

/// Cgroups without a sandbox, in the order in which the daemon uses them.
#[derive(Debug, Default)]
pub struct SpareCgroups(VecDeque<SpareCgroup>);

impl SpareCgroups {
    pub fn add(&mut self, directories: Vec<OwnedFd>) {
        self.0
            .extend(directories.into_iter().filter_map(SpareCgroup::new));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn take(&mut self) -> Option<SpareCgroup> {
        self.0.pop_front()
    }

    /// Takes back the cgroups of sandboxes that were ended, oldest first.
    pub fn take_back(&mut self, cgroups: Vec<SpareCgroup>) {
        for cgroup in cgroups.into_iter().rev() {
            self.0.push_front(cgroup);
        }
    }

    /// Forgets a cgroup that a container has now, and those before it. Returns whether it was here.
    pub fn forget_until(&mut self, used: Identity) -> bool {
        let Some(index) = self.0.iter().position(|cgroup| cgroup.is(used)) else {
            return false;
        };
        self.0.drain(..=index);
        true
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
