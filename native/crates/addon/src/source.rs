//! The sources that the reactor waits for.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sys::seqpacket::{self, Flags, Received};

/// Highest number of messages queued for a peer that does not read.
const QUEUE_LIMIT: usize = 1024;

pub enum Source {
    Channel(Channel),
    /// A pidfd, readable when the process ends.
    Process(OwnedFd),
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Channel(channel) => channel.socket.as_fd(),
            Self::Process(pidfd) => pidfd.as_fd(),
        }
    }
}

/// A datagram socket, and a queue of messages for which the socket's buffer has no room.
pub struct Channel {
    socket: OwnedFd,
    queue: Mutex<VecDeque<Message>>,
}

struct Message {
    text: Vec<u8>,
    descriptors: Vec<OwnedFd>,
}

/// The state of a channel's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backlog {
    Empty,
    Waiting,
}

impl Channel {
    pub fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            queue: Mutex::new(VecDeque::new()),
        }
    }

    /// Sends a message after the queued ones. Fails with [`seqpacket::Error::WouldBlock`] if the queue is full.
    pub fn send(
        &self,
        text: Vec<u8>,
        descriptors: Vec<OwnedFd>,
    ) -> Result<Backlog, seqpacket::Error> {
        let mut queue = self.queue();
        if queue.len() >= QUEUE_LIMIT {
            return Err(seqpacket::Error::WouldBlock);
        }
        let message = Message { text, descriptors };
        if queue.is_empty() {
            match message.send(self.socket.as_fd()) {
                Err(seqpacket::Error::WouldBlock) => {}
                result => return result.map(|()| Backlog::Empty),
            }
        }
        queue.push_back(message);
        Ok(Backlog::Waiting)
    }

    /// Sends queued messages until the socket's buffer is full.
    pub fn flush(&self) -> Result<Backlog, seqpacket::Error> {
        let mut queue = self.queue();
        while let Some(message) = queue.front() {
            match message.send(self.socket.as_fd()) {
                Ok(()) => drop(queue.pop_front()),
                Err(seqpacket::Error::WouldBlock) => return Ok(Backlog::Waiting),
                Err(error) => return Err(error),
            }
        }
        Ok(Backlog::Empty)
    }

    /// Receives a message; `None` at the end of the connection.
    pub fn receive(&self) -> Result<Option<Received>, seqpacket::Error> {
        seqpacket::receive_ready(self.socket.as_fd())
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Message {
    fn send(&self, socket: BorrowedFd<'_>) -> Result<(), seqpacket::Error> {
        let borrowed: Vec<_> = self.descriptors.iter().map(AsFd::as_fd).collect();
        seqpacket::send(socket, &self.text, &borrowed, Flags::DONT_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_queued_in_order_while_the_socket_is_full() {
        let (ours, theirs) = seqpacket::pair().unwrap();
        let channel = Channel::new(ours);
        let mut sent = 0_u32;
        while channel
            .send(sent.to_string().into_bytes(), Vec::new())
            .unwrap()
            == Backlog::Empty
        {
            sent += 1;
        }
        channel.send(b"last".to_vec(), Vec::new()).unwrap();
        let mut received = Vec::new();
        while channel.flush().unwrap() == Backlog::Waiting {
            received.push(seqpacket::receive(theirs.as_fd()).unwrap().unwrap().text);
        }
        while let Ok(Some(message)) = seqpacket::receive_ready(theirs.as_fd()) {
            received.push(message.text);
        }
        let mut expected: Vec<_> = (0..=sent).map(|n| n.to_string().into_bytes()).collect();
        expected.push(b"last".to_vec());
        assert_eq!(received, expected);
    }

    #[test]
    fn sending_to_a_peer_that_never_reads_fails_once_the_queue_is_full() {
        let (ours, _theirs) = seqpacket::pair().unwrap();
        let channel = Channel::new(ours);
        let result = (0..100_000).find_map(|_| channel.send(b"{}".to_vec(), Vec::new()).err());
        assert!(matches!(result, Some(seqpacket::Error::WouldBlock)));
    }
}
