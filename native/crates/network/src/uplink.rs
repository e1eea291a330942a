//! Connections from containers to wherever the host reaches: each is made anew by the host and joined with
//! the container's own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use sys::event::{Interest, Poll};
use sys::watched::Watched;

use crate::bridges::Bridges;
use crate::copy::Copies;
use crate::firewall::{DIVERTED, REFUSED, UNREACHABLE};
use crate::queue::{self, First, Verdict};
use crate::sockets;
use crate::tokens::{Owner, token};

/// Connections of the host whose container's side is not there yet.
const MOST_PENDING: usize = 2048;

/// How long such a one is kept for a container that does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connections taken before others have their turn.
const AT_ONCE: usize = 64;

#[derive(Debug)]
struct Pending {
    host: Watched,
    /// The packet that waits for the outcome.
    packet: u32,
    connected: bool,
    since: Instant,
}

type Pair = (SocketAddr, SocketAddr);

#[derive(Debug)]
pub struct Uplink {
    listeners: Vec<OwnedFd>,
    queue: Option<OwnedFd>,
    pending: HashMap<Pair, Pending>,
    by_index: HashMap<u64, Pair>,
    next: u64,
    buffer: Vec<u8>,
}

impl Uplink {
    pub fn create(
        poll: &Poll,
        listeners: Vec<OwnedFd>,
        queue: Option<OwnedFd>,
    ) -> Result<Self, Errno> {
        for (index, listener) in listeners.iter().enumerate() {
            poll.add(
                listener,
                token(Owner::Uplink, index as u64, false),
                Interest::READ,
            )?;
        }
        if let Some(queue) = &queue {
            poll.add(queue, token(Owner::Queue, 0, false), Interest::READ)?;
        }
        Ok(Self {
            listeners,
            queue,
            pending: HashMap::new(),
            by_index: HashMap::new(),
            next: 1,
            buffer: vec![0; 64 * 1024],
        })
    }

    /// Takes connections that wait at a listener.
    pub fn accept(&mut self, poll: &Poll, bridges: &Bridges, copies: &mut Copies, index: u64) {
        let Some(listener) = self.listeners.get(index as usize) else {
            return;
        };
        let mut accepted = Vec::new();
        while accepted.len() < AT_ONCE {
            match sockets::accept(listener) {
                Ok(Some(connection)) => accepted.push(connection),
                Ok(None) | Err(_) => break,
            }
        }
        for (socket, from) in accepted {
            let Ok(to) = sockets::local_address(&socket) else {
                continue;
            };
            let host = self
                .take(poll, (from, to))
                .or_else(|| sockets::connect_tcp(bridges.target(from.ip(), to)?).ok());
            match host {
                Some(host) => copies.add(poll, socket, host),
                None => sockets::break_off(socket),
            }
        }
    }

    /// The host's side of a connection, if it is there already.
    fn take(&mut self, poll: &Poll, pair: Pair) -> Option<OwnedFd> {
        if !self.pending.get(&pair)?.connected {
            return None;
        }
        let mut pending = self.pending.remove(&pair)?;
        self.by_index.remove(&index_of(&pending));
        pending.host.watch(poll, None).ok()?;
        Some(pending.host.into_descriptor())
    }

    /// Has the host make the connections whose first packets wait, or hears how that went.
    pub fn ready(&mut self, poll: &Poll, bridges: &Bridges, index: u64) {
        if index != 0 {
            return self.conclude(poll, index);
        }
        let Some(queue) = &self.queue else {
            return;
        };
        for first in queue::receive(queue, &mut self.buffer) {
            if let Some(verdict) = self.begin(poll, bridges, first)
                && let Some(queue) = &self.queue
            {
                queue::decide(queue, first.id, verdict);
            }
        }
    }

    /// What becomes of a packet at once; nothing if that is not known yet.
    fn begin(&mut self, poll: &Poll, bridges: &Bridges, first: First) -> Option<Verdict> {
        let pair = (first.from, first.to);
        if let Some(pending) = self.pending.get(&pair) {
            // It was sent again: either it may pass, or the first of them still waits.
            return Some(match pending.connected {
                true => Verdict::Mark(DIVERTED),
                false => Verdict::Drop,
            });
        }
        if self.pending.len() >= MOST_PENDING {
            return Some(Verdict::Mark(DIVERTED));
        }
        let Some(target) = bridges.target(first.from.ip(), first.to) else {
            return Some(Verdict::Mark(UNREACHABLE));
        };
        let socket = match sockets::connect_tcp(target) {
            Ok(socket) => socket,
            Err(errno) => return Some(Verdict::Mark(mark_of(errno))),
        };
        let index = self.next;
        self.next += 1;
        let mut host = Watched::new(socket, token(Owner::Queue, index, false));
        if host.watch(poll, Some(Interest::WRITE)).is_err() {
            return Some(Verdict::Mark(UNREACHABLE));
        }
        let pending = Pending {
            host,
            packet: first.id,
            connected: false,
            since: Instant::now(),
        };
        self.pending.insert(pair, pending);
        self.by_index.insert(index, pair);
        None
    }

    fn conclude(&mut self, poll: &Poll, index: u64) {
        let (Some(pair), Some(queue)) = (self.by_index.get(&index), &self.queue) else {
            return;
        };
        let Some(pending) = self.pending.get_mut(pair) else {
            return;
        };
        let _ = pending.host.watch(poll, None);
        let outcome = rustix::net::sockopt::socket_error(&pending.host);
        let mark = match outcome {
            Ok(Ok(())) => DIVERTED,
            Ok(Err(errno)) | Err(errno) => mark_of(errno),
        };
        queue::decide(queue, pending.packet, Verdict::Mark(mark));
        pending.connected = true;
        if mark != DIVERTED {
            self.pending.remove(pair);
            self.by_index.remove(&index);
        }
    }

    /// Gives up what nobody came for.
    pub fn tend(&mut self) {
        let kept = |pending: &Pending| !pending.connected || pending.since.elapsed() < PATIENCE;
        self.pending.retain(|_, pending| kept(pending));
        self.by_index
            .retain(|_, pair| self.pending.contains_key(pair));
    }
}

fn index_of(pending: &Pending) -> u64 {
    crate::tokens::parts(pending.host.token()).map_or(0, |(_, index, _)| index)
}

fn mark_of(errno: Errno) -> u32 {
    if errno == Errno::CONNREFUSED {
        REFUSED
    } else {
        UNREACHABLE
    }
}
