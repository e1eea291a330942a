//! A connection to a daemon, with messages that wait to be sent and log positions that the daemon waits for.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};

use protocol::monitor::FromMonitor;
use sys::event::{Interest, Poll};
use sys::seqpacket::{self, Error, Flags, Received};

use crate::messages;
use crate::monitor::log::files::Position;
use sys::watched::Watched;

/// Messages and log requests that may wait on one connection. A peer that exceeds the limit is not reading, and is
/// disconnected.
const MOST_PENDING: usize = 64;

#[derive(Debug)]
pub struct Channel {
    socket: Watched,
    pending: VecDeque<Vec<u8>>,
    awaited: Vec<Position>,
    open: bool,
}

impl Channel {
    pub fn new(socket: OwnedFd, token: u64) -> Self {
        Self {
            socket: Watched::new(socket, token),
            pending: VecDeque::new(),
            awaited: Vec::new(),
            open: true,
        }
    }

    pub fn token(&self) -> u64 {
        self.socket.token()
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Returns whether the daemon is connected and has been sent every message.
    pub fn has_sent_all(&self) -> bool {
        self.open && self.pending.is_empty()
    }

    pub fn close(&mut self) {
        self.open = false;
        self.pending.clear();
    }

    pub fn send(&mut self, message: &FromMonitor) {
        if !self.open {
            return;
        }
        self.pending.push_back(messages::text(message));
        if self.pending.len() > MOST_PENDING {
            self.close();
        }
        self.flush();
    }

    pub fn flush(&mut self) {
        while let Some(text) = self.pending.front() {
            match seqpacket::send(self.socket.as_fd(), text, &[], Flags::DONT_WAIT) {
                Ok(()) => drop(self.pending.pop_front()),
                Err(Error::WouldBlock) => return,
                Err(_) => return self.close(),
            }
        }
    }

    /// Returns the next message that has arrived. End of file closes the channel.
    pub fn receive(&mut self) -> Result<Option<Received>, Error> {
        match seqpacket::receive_ready(self.socket.as_fd()) {
            Ok(Some(received)) => Ok(Some(received)),
            Err(Error::WouldBlock) => Ok(None),
            Ok(None) => {
                self.close();
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until the log's position differs from `known`. [`Channel::answer`] reports it.
    pub fn await_log(&mut self, known: Position) {
        self.awaited.push(known);
        if self.awaited.len() > MOST_PENDING {
            self.close();
        }
    }

    /// Answers each log request whose known position differs from this one, once.
    pub fn answer(&mut self, position: Position) {
        let before = self.awaited.len();
        self.awaited.retain(|&known| known == position);
        for _ in self.awaited.len()..before {
            self.send(&FromMonitor::Logged {
                generation: position.generation,
                size: position.size,
            });
        }
    }

    pub fn watch(&mut self, poll: &Poll) {
        let mut interest = Interest::READ;
        interest.set(Interest::WRITE, self.has_pending());
        let interest = self.open.then_some(interest);
        if self.socket.watch(poll, interest).is_err() {
            self.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(generation: u64, size: u64) -> Position {
        Position { generation, size }
    }

    #[test]
    fn a_log_request_is_answered_once_and_only_when_the_log_has_changed() {
        let (ours, theirs) = seqpacket::pair().unwrap();
        let mut channel = Channel::new(ours, 1);
        channel.await_log(position(0, 5));
        channel.await_log(position(0, 0));
        channel.answer(position(0, 5));
        channel.answer(position(0, 5));
        channel.answer(position(1, 5));
        channel.answer(position(1, 6));
        let mut answers = Vec::new();
        while let Ok(Some(received)) = seqpacket::receive_ready(theirs.as_fd()) {
            answers.push(serde_json::from_slice::<FromMonitor>(&received.text).unwrap());
        }
        let logged = |generation, size| FromMonitor::Logged { generation, size };
        assert_eq!(answers, [logged(0, 5), logged(1, 5)]);
    }

    #[test]
    fn a_peer_that_never_reads_is_disconnected() {
        let (ours, _theirs) = seqpacket::pair().unwrap();
        let mut channel = Channel::new(ours, 1);
        for size in 0..100_000 {
            channel.send(&FromMonitor::Logged {
                generation: 0,
                size,
            });
        }
        assert!(!channel.is_open());
        assert!(!channel.has_pending());
    }
}
