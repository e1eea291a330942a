//! Datagrams from containers to the host's network, and the answers to them.

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, bind, connect, recv, send};
use sys::event::{Interest, Poll};
use sys::inet;
use sys::watched::Watched;

use super::{BATCH, DATAGRAM, OPENED_AT_ONCE, UDP_IDLE};
use crate::bridge_namespace::{SocketFactory, SocketKind};
use crate::bridges::Bridges;
use crate::descriptor_budget::{DescriptorBudget, Share};
use crate::event_token::{EventSource, EventToken};
use crate::fair_queue::FairQueue;
use crate::flows::{Flow, Flows, Limits, WhenFull};
use crate::sockets;

const LIMITS: Limits = Limits {
    total: 8192,
    per_container: 4096,
    when_full: WhenFull::EvictOldest,
    idle: Some(UDP_IDLE),
};

/// Datagrams of one container that may wait for their conversations. More are lost, as in any full queue.
const MOST_WAITING: usize = 64;

/// The container's address and the destination.
type Pair = (SocketAddr, SocketAddr);

/// The datagrams between one socket of a container and one destination.
#[derive(Debug)]
struct Conversation {
    /// A socket of the host, connected to the destination.
    host: Watched,
    /// A socket in the bridges' namespace that has the destination's address and is connected to the container. It
    /// receives all datagrams after the first.
    container: Watched,
}

impl Flow for Conversation {
    fn watch(&mut self, poll: &Poll) -> Result<(), Errno> {
        self.host.watch(poll, Some(Interest::READ))?;
        self.container.watch(poll, Some(Interest::READ))
    }
}

#[derive(Debug)]
pub struct OutgoingUdp {
    listeners: Vec<OwnedFd>,
    flows: Flows<Pair, Conversation>,
    /// First datagrams of conversations.
    waiting: FairQueue<(Pair, Vec<u8>)>,
    buffer: Vec<u8>,
}

impl OutgoingUdp {
    pub fn create(
        poll: &Poll,
        listeners: Vec<OwnedFd>,
        budget: DescriptorBudget,
    ) -> Result<Self, Errno> {
        for (index, listener) in (0..).zip(&listeners) {
            let token = EventToken::single(EventSource::OutgoingUdpListeners, index);
            poll.add(listener, token, Interest::READ)?;
        }
        Ok(Self {
            listeners,
            flows: Flows::new(
                EventSource::OutgoingUdp,
                LIMITS.within(budget, Share::OutgoingUdp),
            ),
            waiting: FairQueue::new(MOST_WAITING),
            buffer: vec![0; DATAGRAM],
        })
    }

    /// Reads the datagrams at a listener, which all containers share: the first ones of their conversations.
    pub fn accept(&mut self, bridges: &Bridges, index: u64) {
        for _ in 0..BATCH {
            let Some(listener) = self.listeners.get(index as usize) else {
                return;
            };
            let Ok(datagram) = inet::receive(listener.as_fd(), &mut self.buffer) else {
                return;
            };
            let Some(to) = datagram.destination else {
                continue;
            };
            let pair = (datagram.source, to);
            let bytes = &self.buffer[..datagram.length];
            if let Some(id) = self.flows.find(&pair) {
                if let Some(conversation) = self.flows.use_flow(id) {
                    let _ = send(&conversation.host, bytes, SendFlags::DONTWAIT);
                }
                continue;
            }
            let owner = bridges.owner(pair.0.ip());
            if self.waiting.has_room(owner) {
                self.waiting.push(owner, (pair, bytes.to_vec()));
            }
        }
    }

    /// Returns whether [`OutgoingUdp::open_waiting`] has work.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Opens a few conversations, in turn for each container.
    pub fn open_waiting(&mut self, poll: &Poll, bridges: &Bridges, factory: &mut SocketFactory) {
        for _ in 0..OPENED_AT_ONCE {
            let Some((_, (pair, bytes))) = self.waiting.next() else {
                return;
            };
            let id = self
                .flows
                .find(&pair)
                .or_else(|| self.open(poll, bridges, factory, pair));
            if let Some(conversation) = id.and_then(|id| self.flows.use_flow(id)) {
                let _ = send(&conversation.host, &bytes, SendFlags::DONTWAIT);
            }
        }
    }

    fn open(
        &mut self,
        poll: &Poll,
        bridges: &Bridges,
        factory: &mut SocketFactory,
        pair: Pair,
    ) -> Option<u64> {
        let (from, to) = pair;
        let target = bridges.target(from.ip(), to)?;
        let owner = bridges.owner(from.ip());
        self.flows.open(poll, owner, Some(pair), |tokens| {
            let host = sockets::connect_udp(target)?;
            let container = factory.socket(SocketKind::Udp, to.ip())?;
            impersonate(&container, to, from)?;
            Ok(Conversation {
                host: Watched::new(host, tokens.first),
                container: Watched::new(container, tokens.second),
            })
        })
    }

    /// Forwards the datagrams that wait at one socket of a conversation.
    pub fn ready(&mut self, id: u64, from_container: bool) {
        let Some(Conversation { host, container }) = self.flows.use_flow(id) else {
            return;
        };
        let (source, target) = match from_container {
            true => (&*container, &*host),
            false => (&*host, &*container),
        };
        for _ in 0..BATCH {
            match recv(source, self.buffer.as_mut_slice(), RecvFlags::DONTWAIT) {
                Ok((_, length)) => {
                    let _ = send(target, &self.buffer[..length], SendFlags::DONTWAIT);
                }
                // An earlier datagram found no listener.
                Err(Errno::CONNREFUSED | Errno::INTR) => {}
                Err(_) => break,
            }
        }
    }

    /// Closes idle conversations.
    pub fn expire(&mut self) {
        self.flows.expire();
    }
}

/// Binds a socket to a foreign address and connects it to one peer.
fn impersonate(socket: &OwnedFd, address: SocketAddr, peer: SocketAddr) -> Result<(), Errno> {
    inet::set_transparent(socket.as_fd(), address.ip())?;
    rustix::net::sockopt::set_socket_reuseaddr(socket, true)?;
    bind(socket, &address)?;
    connect(socket, &peer)
}
