//! epoll for one thread.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::io::Errno;
use rustix::time::Timespec;

bitflags::bitflags! {
    /// Events that a descriptor is watched for, or that have occurred.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Interest: u8 {
        const READ = 1;
        const WRITE = 2;
        /// Both directions are closed; always reported.
        const HANGUP = 4;
        /// An error is pending; always reported.
        const ERROR = 8;
        /// A kernel file that supports notification has changed since it was read.
        const CHANGE = 16;
    }
}

/// Events of the source with this token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    pub token: u64,
    pub ready: Interest,
}

/// A level-triggered epoll instance.
pub struct Poll {
    descriptor: OwnedFd,
    buffer: Vec<epoll::Event>,
}

impl Poll {
    pub fn create() -> Result<Self, Errno> {
        let descriptor = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self {
            descriptor,
            buffer: Vec::with_capacity(32),
        })
    }

    /// Adds a source, reported with `token`.
    pub fn add(&self, source: impl AsFd, token: u64, interest: Interest) -> Result<(), Errno> {
        let data = epoll::EventData::new_u64(token);
        epoll::add(&self.descriptor, source, data, native(interest))
    }

    /// Replaces the events that a source is watched for.
    pub fn modify(&self, source: impl AsFd, token: u64, interest: Interest) -> Result<(), Errno> {
        let data = epoll::EventData::new_u64(token);
        epoll::modify(&self.descriptor, source, data, native(interest))
    }

    /// Removes a source. Call it before the source is closed: epoll keeps reporting a source while a duplicate
    /// of its descriptor is open.
    pub fn remove(&self, source: impl AsFd) -> Result<(), Errno> {
        epoll::delete(&self.descriptor, source)
    }

    /// Fills `events` with the ready sources: none after the timeout or an interrupting signal.
    pub fn wait(
        &mut self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> Result<(), Errno> {
        events.clear();
        self.buffer.clear();
        let timeout = timeout.map(|duration| Timespec {
            tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: duration.subsec_nanos().into(),
        });
        match epoll::wait(
            &self.descriptor,
            spare_capacity(&mut self.buffer),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        events.extend(self.buffer.iter().map(|event| Event {
            token: event.data.u64(),
            ready: happened(event.flags),
        }));
        Ok(())
    }
}

fn native(interest: Interest) -> epoll::EventFlags {
    let mut flags = epoll::EventFlags::empty();
    flags.set(epoll::EventFlags::IN, interest.contains(Interest::READ));
    flags.set(epoll::EventFlags::OUT, interest.contains(Interest::WRITE));
    flags.set(epoll::EventFlags::PRI, interest.contains(Interest::CHANGE));
    flags
}

fn happened(flags: epoll::EventFlags) -> Interest {
    let mut ready = Interest::empty();
    ready.set(Interest::READ, flags.contains(epoll::EventFlags::IN));
    ready.set(Interest::WRITE, flags.contains(epoll::EventFlags::OUT));
    ready.set(Interest::HANGUP, flags.contains(epoll::EventFlags::HUP));
    ready.set(Interest::ERROR, flags.contains(epoll::EventFlags::ERR));
    ready.set(Interest::CHANGE, flags.contains(epoll::EventFlags::PRI));
    ready
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_source_is_reported_by_its_token_until_it_is_removed() {
        let mut poll = Poll::create().unwrap();
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        poll.add(&reader, 7, Interest::READ).unwrap();
        let mut events = Vec::new();
        poll.wait(&mut events, Some(Duration::ZERO)).unwrap();
        assert!(events.is_empty());
        rustix::io::write(&writer, b"x").unwrap();
        poll.wait(&mut events, None).unwrap();
        let ready = Interest::READ;
        assert_eq!(events, [Event { token: 7, ready }]);
        drop(writer);
        poll.wait(&mut events, None).unwrap();
        assert!(events[0].ready.contains(Interest::HANGUP));
        poll.remove(&reader).unwrap();
        poll.wait(&mut events, Some(Duration::ZERO)).unwrap();
        assert!(events.is_empty());
    }
}
