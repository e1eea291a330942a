//! A descriptor together with what it is being watched for.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::event::{Interest, Poll};
use rustix::io::Errno;

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

    /// To be called once it is watched for nothing: a copy elsewhere would go on reporting.
    pub fn into_descriptor(self) -> OwnedFd {
        self.descriptor
    }

    pub fn token(&self) -> u64 {
        self.token
    }

    /// Watches for this from now on. Nothing (`None`) silences hang-ups too, which an empty
    /// interest would go on reporting.
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
