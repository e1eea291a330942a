//! A descriptor with the events it is watched for.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::event::{Interest, Poll};
use rustix::io::Errno;

/// A descriptor and its registration with a [`Poll`].
#[derive(Debug)]
pub struct Watched {
    descriptor: OwnedFd,
    token: u64,
    interest: Option<Interest>,
}

impl Watched {
    pub fn new(descriptor: OwnedFd, token: u64) -> Self {
        Self {
            descriptor,
            token,
            interest: None,
        }
    }

    /// Returns the descriptor. Call it once it is watched for nothing: epoll keeps reporting a source while a
    /// duplicate of its descriptor is open.
    pub fn into_descriptor(self) -> OwnedFd {
        self.descriptor
    }

    pub fn token(&self) -> u64 {
        self.token
    }

    /// Replaces the events it is watched for. `None` also stops reports of hang-ups, which epoll reports even
    /// for an empty set of events.
    pub fn watch(&mut self, poll: &Poll, wanted: Option<Interest>) -> Result<(), Errno> {
        if self.interest == wanted {
            return Ok(());
        }
        match (self.interest, wanted) {
            (None, Some(interest)) => poll.add(&self.descriptor, self.token, interest)?,
            (Some(_), Some(interest)) => poll.modify(&self.descriptor, self.token, interest)?,
            (Some(_), None) => poll.remove(&self.descriptor)?,
            (None, None) => {}
        }
        self.interest = wanted;
        Ok(())
    }
}

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
