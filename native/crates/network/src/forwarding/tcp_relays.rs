//! Pairs of TCP connections: each end receives the bytes that the other end sends, and closes when the other closes.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use sys::event::{Interest, Poll};
use sys::watched::Watched;

use crate::descriptor_budget::{DescriptorBudget, Share};
use crate::event_token::EventSource;
use crate::flows::{Flow, FlowOwner, Flows, Limits, NoKey, WhenFull};
use crate::sockets;

/// Bytes copied in one direction before the other connections have their turn. All connections of a container that are
/// ready in a turn share this number. A large batch keeps the receiver awake: waking it costs as much as receiving
/// 64 KiB.
const BATCH: usize = 2 * 1024 * 1024;

/// Size of the first and of the smallest read.
const SMALLEST_READ: usize = 64 * 1024;

/// Bytes that one end has sent and the other end has not taken yet.
#[derive(Debug)]
struct Direction {
    waiting: Vec<u8>,
    written: usize,
    /// Size of the next read: as much as the receiver is likely to take, because the rest must be buffered.
    read_size: usize,
    /// Whether the sender has closed its side and the receiver's side is shut down.
    ended: bool,
}

impl Default for Direction {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            written: 0,
            read_size: SMALLEST_READ,
            ended: false,
        }
    }
}

/// An attempt to connect a client to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The published port.
    pub listener: u64,
    /// The number of the container's address to try next.
    pub number: usize,
}

/// A client whose connection was refused.
#[derive(Debug)]
pub struct Refused {
    pub client: OwnedFd,
    pub attempt: Attempt,
}

#[derive(Debug)]
struct Relay {
    ends: [Watched; 2],
    /// From the first end to the second, and back.
    directions: [Direction; 2],
    /// Whether the second end is still being connected.
    connecting: bool,
    /// The attempt that follows if the second end is refused.
    next_attempt: Option<Attempt>,
}

/// All relays of the helper.
#[derive(Debug)]
pub struct TcpRelays {
    flows: Flows<NoKey, Relay>,
    /// Connections of each container that were ready in this turn and in the last one.
    ready: [HashMap<FlowOwner, usize>; 2],
    buffer: Vec<u8>,
}

impl TcpRelays {
    /// Creates an empty set. Established connections are never evicted.
    pub fn new(budget: DescriptorBudget) -> Self {
        let (total, per_container) = budget.flows(Share::TcpRelays);
        let limits = Limits {
            total,
            per_container,
            when_full: WhenFull::Refuse,
            idle: None,
        };
        Self {
            flows: Flows::new(EventSource::TcpRelays, limits),
            ready: Default::default(),
            buffer: vec![0; BATCH],
        }
    }

    /// Begins a turn, in which each ready connection advances once.
    pub fn begin_turn(&mut self) {
        self.ready.swap(0, 1);
        self.ready[0].clear();
    }

    /// Returns the bytes that a connection of this container may copy now.
    fn allowance(&mut self, owner: FlowOwner) -> usize {
        let [now, before] = &mut self.ready;
        *now.entry(owner).or_default() += 1;
        let sharing = before.get(&owner).copied().unwrap_or_default().max(1);
        (BATCH / sharing).max(SMALLEST_READ)
    }

    /// Joins two connections on behalf of a container. The second may still be connecting. The first is reset if that
    /// attempt fails and no other follows, or if there is no room.
    pub fn add(
        &mut self,
        poll: &Poll,
        owner: FlowOwner,
        [first, second]: [OwnedFd; 2],
        next_attempt: Option<Attempt>,
    ) {
        if !self.flows.has_room(owner) {
            return sockets::reset(first);
        }
        self.flows.open(poll, owner, None, |tokens| {
            Ok(Relay {
                ends: [
                    Watched::new(first, tokens.first),
                    Watched::new(second, tokens.second),
                ],
                directions: Default::default(),
                connecting: true,
                next_attempt,
            })
        });
    }

    /// Copies bytes after one end of a relay has become ready. Returns the client if its connection was refused and
    /// another attempt follows.
    pub fn ready(&mut self, poll: &Poll, id: u64, second: bool) -> Option<Refused> {
        let owner = self.flows.owner(id)?;
        let allowance = self.allowance(owner);
        let relay = self.flows.use_flow(id)?;
        let result = relay
            .advance(&mut self.buffer[..allowance], second)
            .and_then(|()| relay.watch(poll));
        let finished = relay.directions.iter().all(|direction| direction.ended);
        if result.is_ok() && !finished {
            return None;
        }
        let relay = self.flows.close(id)?;
        if result.is_ok() {
            return None;
        }
        let [first, second] = relay.ends;
        if relay.connecting
            && let Some(attempt) = relay.next_attempt
        {
            // The first end is not watched while the second is being connected.
            let client = first.into_descriptor();
            return Some(Refused { client, attempt });
        }
        for end in [first, second] {
            sockets::reset(end.into_descriptor());
        }
        None
    }

    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }
}

impl Flow for Relay {
    /// Registers each end for its next step only: any other event would be reported again and again.
    fn watch(&mut self, poll: &Poll) -> Result<(), Errno> {
        let wanted = |sent: &Direction, received: &Direction| {
            let mut interest = Interest::empty();
            interest.set(Interest::READ, !sent.ended && sent.waiting.is_empty());
            interest.set(Interest::WRITE, !received.waiting.is_empty());
            (!interest.is_empty()).then_some(interest)
        };
        let [there, back] = &self.directions;
        let mut interests = [wanted(there, back), wanted(back, there)];
        if self.connecting {
            interests = [None, Some(Interest::WRITE)];
        }
        for (end, interest) in self.ends.iter_mut().zip(interests) {
            end.watch(poll, interest)?;
        }
        Ok(())
    }
}

impl Relay {
    fn advance(&mut self, buffer: &mut [u8], second: bool) -> Result<(), Errno> {
        if self.connecting {
            if !second {
                return Ok(());
            }
            rustix::net::sockopt::socket_error(&self.ends[1])??;
            self.connecting = false;
        }
        let [first, last] = &self.ends;
        let [there, back] = &mut self.directions;
        there.advance(first, last, buffer)?;
        back.advance(last, first, buffer)
    }
}

impl Direction {
    fn advance(
        &mut self,
        source: &Watched,
        target: &Watched,
        buffer: &mut [u8],
    ) -> Result<(), Errno> {
        let mut left = buffer.len();
        while left > 0 {
            if self.ended || !self.flush(target)? {
                return Ok(());
            }
            let size = self.read_size.min(left);
            let length = match recv(source, &mut buffer[..size], RecvFlags::DONTWAIT) {
                Ok((_, length)) => length,
                Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
                Err(errno) => return Err(errno),
            };
            if length == 0 {
                // Set now, because no later event would lead here.
                self.ended = true;
                return match shutdown(target.as_fd(), Shutdown::Write) {
                    Ok(()) | Err(Errno::NOTCONN) => Ok(()),
                    Err(errno) => Err(errno),
                };
            }
            let written = write(target, &buffer[..length])?;
            self.waiting.extend_from_slice(&buffer[written..length]);
            if written < length {
                self.read_size = written.max(SMALLEST_READ);
            } else if length == self.read_size {
                self.read_size = (2 * length).min(BATCH);
            }
            left -= length;
        }
        Ok(())
    }

    /// Writes the waiting bytes. Returns whether all of them were taken.
    fn flush(&mut self, target: &Watched) -> Result<bool, Errno> {
        if self.waiting.is_empty() {
            return Ok(true);
        }
        self.written += write(target, &self.waiting[self.written..])?;
        if self.written < self.waiting.len() {
            return Ok(false);
        }
        self.written = 0;
        self.waiting = Vec::new();
        Ok(true)
    }
}

fn write(target: &Watched, bytes: &[u8]) -> Result<usize, Errno> {
    if bytes.is_empty() {
        return Ok(0);
    }
    match send(target, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
        Ok(length) => Ok(length),
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_token::EventToken;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    const OWNER: FlowOwner = FlowOwner::Namespace(1);

    fn streams() -> (TcpStream, OwnedFd) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        server.set_nonblocking(true).unwrap();
        (client, server.into())
    }

    /// Relays between two connections until both have ended.
    fn serve(first: OwnedFd, second: OwnedFd) -> std::thread::JoinHandle<()> {
        std::thread::spawn(move || {
            let mut poll = Poll::create().unwrap();
            let mut relays = TcpRelays::new(DescriptorBudget::new(4096));
            relays.add(&poll, OWNER, [first, second], None);
            let mut events = Vec::new();
            while !relays.is_empty() {
                poll.wait(&mut events, None).unwrap();
                for event in &events {
                    let token = EventToken::decode(event.token).unwrap();
                    relays.ready(&poll, token.index, token.second);
                }
            }
        })
    }

    #[test]
    fn all_bytes_arrive_and_each_direction_closes_independently() {
        let (mut one, first) = streams();
        let (mut other, second) = streams();
        let server = serve(first, second);
        let much: Vec<u8> = (0..8_000_000_u32).map(|number| number as u8).collect();
        let sent = much.clone();
        let writer = std::thread::spawn(move || {
            one.write_all(&sent).unwrap();
            one.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = String::new();
            one.read_to_string(&mut answer).unwrap();
            answer
        });
        let mut received = Vec::new();
        other.read_to_end(&mut received).unwrap();
        assert!(received == much, "received {} bytes", received.len());
        other.write_all(b"thanks").unwrap();
        drop(other);
        assert_eq!(writer.join().unwrap(), "thanks");
        server.join().unwrap();
    }

    #[test]
    fn the_end_of_a_direction_is_passed_on_at_any_position() {
        // With batches of three bytes, the stream ends inside a batch for some lengths and after a full batch for
        // others.
        for length in 0..10 {
            let (mut one, first) = streams();
            let (mut other, second) = streams();
            one.write_all(&vec![7; length]).unwrap();
            one.shutdown(std::net::Shutdown::Write).unwrap();
            let [first, second] = [first, second].map(|end| Watched::new(end, 0));
            let mut direction = Direction::default();
            let mut rounds = 0;
            while !direction.ended && rounds < 4 {
                direction.advance(&first, &second, &mut [0; 3]).unwrap();
                rounds += 1;
            }
            other
                .set_read_timeout(Some(std::time::Duration::from_secs(10)))
                .unwrap();
            let mut received = Vec::new();
            other.read_to_end(&mut received).unwrap();
            assert_eq!(received.len(), length);
        }
    }

    #[test]
    fn a_reset_connection_resets_the_other() {
        let (one, first) = streams();
        let (mut other, second) = streams();
        let server = serve(first, second);
        let one = OwnedFd::from(one);
        sockets::reset(one);
        let error = other.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        server.join().unwrap();
    }

    #[test]
    fn a_container_at_its_limit_gets_a_reset_and_another_one_a_relay() {
        let poll = Poll::create().unwrap();
        // Room for two relays in all, and one for each container.
        let mut relays = TcpRelays::new(DescriptorBudget::new(0));
        let mut add = |owner| {
            let (client, first) = streams();
            let (server, second) = streams();
            relays.add(&poll, owner, [first, second], None);
            (client, server)
        };
        let _kept = add(OWNER);
        let (mut refused, _server) = add(OWNER);
        let error = refused.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        let (served, _server) = add(FlowOwner::Namespace(2));
        served.set_nonblocking(true).unwrap();
        let error = (&served).read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    }
}
