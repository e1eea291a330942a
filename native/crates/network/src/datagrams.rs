//! Datagrams from containers to wherever the host reaches, and the answers to them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, bind, connect, recv, send};
use sys::event::{Interest, Poll};
use sys::inet;

use crate::bridges::Bridges;
use crate::inside::{Inside, Kind};
use crate::sockets;
use crate::tokens::{Owner, token};

/// How long a conversation may pause, as a router would have it.
const IDLE: Duration = Duration::from_secs(120);

const MOST: usize = 4096;

/// Datagrams taken before others have their turn.
const AT_ONCE: usize = 64;

type Pair = (SocketAddr, SocketAddr);

/// What one container's socket says to one place.
#[derive(Debug)]
struct Conversation {
    pair: Pair,
    /// Connected to the place, from the host.
    host: OwnedFd,
    /// Speaks to the container in the place's name, and hears what follows the first datagram.
    container: OwnedFd,
    last: Instant,
}

#[derive(Debug)]
pub struct Datagrams {
    listeners: Vec<OwnedFd>,
    conversations: HashMap<u64, Conversation>,
    by_pair: HashMap<Pair, u64>,
    next: u64,
    buffer: Vec<u8>,
}

impl Datagrams {
    pub fn create(poll: &Poll, listeners: Vec<OwnedFd>) -> Result<Self, Errno> {
        for (index, listener) in listeners.iter().enumerate() {
            poll.add(
                listener,
                token(Owner::Datagrams, index as u64, false),
                Interest::READ,
            )?;
        }
        Ok(Self {
            next: listeners.len() as u64,
            listeners,
            conversations: HashMap::new(),
            by_pair: HashMap::new(),
            buffer: vec![0; 64 * 1024],
        })
    }

    pub fn ready(
        &mut self,
        poll: &Poll,
        bridges: &Bridges,
        inside: &mut Inside,
        index: u64,
        second: bool,
    ) {
        if let Some(conversation) = self.conversations.get_mut(&index) {
            conversation.pass_on(second, &mut self.buffer);
            return;
        }
        for _ in 0..AT_ONCE {
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
            let Some(index) = self.conversation(poll, bridges, inside, pair) else {
                continue;
            };
            if let Some(conversation) = self.conversations.get_mut(&index) {
                conversation.last = Instant::now();
                let _ = send(
                    &conversation.host,
                    &self.buffer[..datagram.length],
                    SendFlags::DONTWAIT,
                );
            }
        }
    }

    fn conversation(
        &mut self,
        poll: &Poll,
        bridges: &Bridges,
        inside: &mut Inside,
        pair: Pair,
    ) -> Option<u64> {
        if let Some(index) = self.by_pair.get(&pair) {
            return Some(*index);
        }
        let (from, to) = pair;
        let target = bridges.target(from.ip(), to)?;
        if self.conversations.len() >= MOST {
            let oldest = self.conversations.iter().min_by_key(|(_, one)| one.last);
            let oldest = oldest.map(|(index, _)| *index)?;
            self.end(oldest);
        }
        let host = sockets::connect_udp(target).ok()?;
        let container = inside.socket(Kind::Udp, to.ip()).ok()?;
        speak_for(&container, to, from).ok()?;
        let index = self.next;
        self.next += 1;
        poll.add(&host, token(Owner::Datagrams, index, false), Interest::READ)
            .ok()?;
        poll.add(
            &container,
            token(Owner::Datagrams, index, true),
            Interest::READ,
        )
        .ok()?;
        let conversation = Conversation {
            pair,
            host,
            container,
            last: Instant::now(),
        };
        self.conversations.insert(index, conversation);
        self.by_pair.insert(pair, index);
        Some(index)
    }

    /// Ends conversations in which nothing has been said for long.
    pub fn tend(&mut self) {
        let idle = |one: &Conversation| one.last.elapsed() >= IDLE;
        let over: Vec<u64> = self
            .conversations
            .iter()
            .filter(|(_, one)| idle(one))
            .map(|(index, _)| *index)
            .collect();
        for index in over {
            self.end(index);
        }
    }

    fn end(&mut self, index: u64) {
        if let Some(conversation) = self.conversations.remove(&index) {
            self.by_pair.remove(&conversation.pair);
        }
    }
}

impl Conversation {
    fn pass_on(&mut self, from_container: bool, buffer: &mut [u8]) {
        let (source, target) = match from_container {
            true => (&self.container, &self.host),
            false => (&self.host, &self.container),
        };
        for _ in 0..AT_ONCE {
            match recv(source, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((_, length)) => {
                    let _ = send(target, &buffer[..length], SendFlags::DONTWAIT);
                }
                // What an earlier one met with: nobody listens there.
                Err(Errno::CONNREFUSED | Errno::INTR) => {}
                Err(_) => break,
            }
        }
        self.last = Instant::now();
    }
}

/// Gives a socket the address of somebody else, and one peer.
pub fn speak_for(socket: &OwnedFd, own: SocketAddr, peer: SocketAddr) -> Result<(), Errno> {
    inet::set_transparent(socket.as_fd(), own.ip())?;
    rustix::net::sockopt::set_socket_reuseaddr(socket, true)?;
    bind(socket, &own)?;
    connect(socket, &peer)
}
