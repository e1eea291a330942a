//! TCP connections out of containers: the host connects first, then the container's connection is accepted and relayed.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use sys::event::{Interest, Poll};
use sys::watched::Watched;

use super::syn_queue::{self, FirstPacket, Verdict};
use super::tcp_relays::TcpRelays;
use super::{DATAGRAM, OPENED_AT_ONCE};
use crate::bridges::Bridges;
use crate::descriptor_budget::{DescriptorBudget, Share};
use crate::event_token::{EventSource, EventToken};
use crate::fair_queue::FairQueue;
use crate::firewall::{DIVERTED, REFUSED, UNREACHABLE};
use crate::flows::{Flow, Flows, Limits, WhenFull};
use crate::sockets::{self, SpareDescriptor};

/// Connections of the host that wait for the container's side.
const PENDING: Limits = Limits {
    total: 4096,
    per_container: 2048,
    when_full: WhenFull::Refuse,
    // A connected container repeats its first packet within a few seconds.
    idle: Some(Duration::from_secs(20)),
};

/// First packets of one container that may wait for the host's attempts. Senders repeat the others.
const MOST_WAITING: usize = 256;

/// Connections accepted before the others have their turn.
const ACCEPTED_AT_ONCE: usize = 8;

/// The container's address and the destination.
type Pair = (SocketAddr, SocketAddr);

/// A connection of the host that the container's side has not joined yet.
#[derive(Debug)]
struct Pending {
    host: Watched,
    /// The packet whose verdict depends on the outcome.
    packet: u32,
    connected: bool,
}

impl Flow for Pending {
    fn watch(&mut self, poll: &Poll) -> Result<(), Errno> {
        let interest = (!self.connected).then_some(Interest::WRITE);
        self.host.watch(poll, interest)
    }

    /// Returns false during an attempt to connect: the attempt ends by itself, and its packet needs a verdict.
    fn may_expire(&self) -> bool {
        self.connected
    }
}

#[derive(Debug)]
pub struct OutgoingTcp {
    listeners: Vec<OwnedFd>,
    queue: Option<OwnedFd>,
    waiting: FairQueue<FirstPacket>,
    pending: Flows<Pair, Pending>,
    spare: SpareDescriptor,
    buffer: Vec<u8>,
}

impl OutgoingTcp {
    pub fn create(
        poll: &Poll,
        listeners: Vec<OwnedFd>,
        queue: Option<OwnedFd>,
        budget: DescriptorBudget,
    ) -> Result<Self, Errno> {
        for (index, listener) in (0..).zip(&listeners) {
            let token = EventToken::single(EventSource::OutgoingTcpListeners, index);
            poll.add(listener, token, Interest::READ)?;
        }
        if let Some(queue) = &queue {
            let token = EventToken::single(EventSource::SynQueue, 0);
            poll.add(queue, token, Interest::READ)?;
        }
        Ok(Self {
            listeners,
            queue,
            waiting: FairQueue::new(MOST_WAITING),
            pending: Flows::new(
                EventSource::OutgoingTcp,
                PENDING.within(budget, Share::PendingTcp),
            ),
            spare: SpareDescriptor::default(),
            buffer: vec![0; DATAGRAM],
        })
    }

    /// Accepts the connections that wait at a listener.
    pub fn accept(&mut self, poll: &Poll, bridges: &Bridges, relays: &mut TcpRelays, index: u64) {
        for _ in 0..ACCEPTED_AT_ONCE {
            let Some(listener) = self.listeners.get(index as usize) else {
                return;
            };
            let Ok(Some((socket, from))) = sockets::accept(listener, &self.spare) else {
                return;
            };
            let Ok(to) = sockets::local_address(&socket) else {
                continue;
            };
            let host = self
                .take_connected(poll, (from, to))
                .or_else(|| sockets::connect_tcp(bridges.target(from.ip(), to)?).ok());
            match host {
                Some(host) => relays.add(poll, bridges.owner(from.ip()), [socket, host], None),
                None => sockets::reset(socket),
            }
        }
    }

    /// Returns the host's connection for a container's connection, if it is established already.
    fn take_connected(&mut self, poll: &Poll, pair: Pair) -> Option<OwnedFd> {
        let id = self.pending.find(&pair)?;
        if !self.pending.get(id)?.connected {
            return None;
        }
        let mut pending = self.pending.close(id)?;
        pending.host.watch(poll, None).ok()?;
        Some(pending.host.into_descriptor())
    }

    /// Reads the packets in the queue, which all containers share.
    pub fn read_queue(&mut self, bridges: &Bridges) {
        let Some(queue) = &self.queue else {
            return;
        };
        for packet in syn_queue::receive(queue, &mut self.buffer) {
            let owner = bridges.owner(packet.from.ip());
            match self.waiting.has_room(owner) {
                true => self.waiting.push(owner, packet),
                false => syn_queue::decide(queue, packet.id, Verdict::Drop),
            }
        }
    }

    /// Returns whether [`OutgoingTcp::begin_waiting`] has work.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Starts a few of the host's connections, in turn for each container.
    pub fn begin_waiting(&mut self, poll: &Poll, bridges: &Bridges) {
        for _ in 0..OPENED_AT_ONCE {
            let Some((_, packet)) = self.waiting.next() else {
                return;
            };
            if let Some(verdict) = self.begin(poll, bridges, packet)
                && let Some(queue) = &self.queue
            {
                syn_queue::decide(queue, packet.id, verdict);
            }
        }
    }

    /// Returns the verdict for a packet, or `None` when it depends on a connection that was started.
    fn begin(&mut self, poll: &Poll, bridges: &Bridges, packet: FirstPacket) -> Option<Verdict> {
        let pair = (packet.from, packet.to);
        let known = self.pending.find(&pair).and_then(|id| self.pending.get(id));
        if let Some(pending) = known {
            // A repeated packet passes if the host is connected. Otherwise the first packet still waits for its
            // verdict.
            return Some(match pending.connected {
                true => Verdict::Mark(DIVERTED),
                false => Verdict::Drop,
            });
        }
        let owner = bridges.owner(packet.from.ip());
        if !self.pending.has_room(owner) {
            return Some(Verdict::Mark(DIVERTED));
        }
        let Some(target) = bridges.target(packet.from.ip(), packet.to) else {
            return Some(Verdict::Mark(UNREACHABLE));
        };
        let socket = match sockets::connect_tcp(target) {
            Ok(socket) => socket,
            Err(errno) => return Some(Verdict::Mark(mark_of(errno))),
        };
        let opened = self.pending.open(poll, owner, Some(pair), |tokens| {
            Ok(Pending {
                host: Watched::new(socket, tokens.first),
                packet: packet.id,
                connected: false,
            })
        });
        match opened {
            Some(_) => None,
            None => Some(Verdict::Mark(UNREACHABLE)),
        }
    }

    /// Decides about a packet once the host's attempt to connect has ended.
    pub fn connected(&mut self, poll: &Poll, id: u64) {
        let (Some(pending), Some(queue)) = (self.pending.use_flow(id), &self.queue) else {
            return;
        };
        let mark = match rustix::net::sockopt::socket_error(&pending.host) {
            Ok(Ok(())) => DIVERTED,
            Ok(Err(errno)) | Err(errno) => mark_of(errno),
        };
        syn_queue::decide(queue, pending.packet, Verdict::Mark(mark));
        pending.connected = true;
        if pending.watch(poll).is_err() || mark != DIVERTED {
            self.pending.close(id);
        }
    }

    /// Closes connections that no container has joined in time.
    pub fn expire(&mut self) {
        self.pending.expire();
    }
}

fn mark_of(errno: Errno) -> u32 {
    if errno == Errno::CONNREFUSED {
        REFUSED
    } else {
        UNREACHABLE
    }
}
