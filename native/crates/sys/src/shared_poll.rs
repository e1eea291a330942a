//! epoll for several threads: one waits, others add and remove sources.

use std::os::fd::{AsFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;

use crate::event::{Event, Interest};

/// A level-triggered epoll instance. Every method may be called from any thread.
pub struct SharedPoll {
    descriptor: OwnedFd,
}

impl SharedPoll {
    pub fn create() -> Result<Self, Errno> {
        let descriptor = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { descriptor })
    }

    /// Adds a source, reported with `token`.
    pub fn add(&self, source: impl AsFd, token: u64, interest: Interest) -> Result<(), Errno> {
        let data = EventData::new_u64(token);
        epoll::add(&self.descriptor, source, data, native(interest))
    }

    /// Replaces the events that a source is watched for.
    pub fn modify(&self, source: impl AsFd, token: u64, interest: Interest) -> Result<(), Errno> {
        let data = EventData::new_u64(token);
        epoll::modify(&self.descriptor, source, data, native(interest))
    }

    /// Removes a source. A thread in [`Self::wait`] may still report it once.
    pub fn remove(&self, source: impl AsFd) -> Result<(), Errno> {
        epoll::delete(&self.descriptor, source)
    }

    /// Waits and fills `events` with the ready sources: none after an interrupting signal.
    pub fn wait(&self, events: &mut Vec<Event>) -> Result<(), Errno> {
        events.clear();
        let mut ready = Vec::with_capacity(32);
        match epoll::wait(&self.descriptor, spare_capacity(&mut ready), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        events.extend(ready.iter().map(|event: &epoll::Event| Event {
            token: event.data.u64(),
            ready: happened(event.flags),
        }));
        Ok(())
    }
}

fn native(interest: Interest) -> EventFlags {
    let mut flags = EventFlags::empty();
    flags.set(EventFlags::IN, interest.contains(Interest::READ));
    flags.set(EventFlags::OUT, interest.contains(Interest::WRITE));
    flags
}

fn happened(flags: EventFlags) -> Interest {
    let mut ready = Interest::empty();
    ready.set(Interest::READ, flags.contains(EventFlags::IN));
    ready.set(Interest::WRITE, flags.contains(EventFlags::OUT));
    ready.set(Interest::HANGUP, flags.contains(EventFlags::HUP));
    ready.set(Interest::ERROR, flags.contains(EventFlags::ERR));
    ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_source_added_by_another_thread_wakes_the_waiting_one() {
        let poll = Arc::new(SharedPoll::create().unwrap());
        let waiting = Arc::clone(&poll);
        let waiter = std::thread::spawn(move || {
            let mut events = Vec::new();
            while events.is_empty() {
                waiting.wait(&mut events).unwrap();
            }
            events
        });
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        poll.add(&reader, 7, Interest::READ).unwrap();
        rustix::io::write(&writer, b"x").unwrap();
        let ready = Interest::READ;
        assert_eq!(waiter.join().unwrap(), [Event { token: 7, ready }]);
    }
}
