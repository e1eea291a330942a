//! The net helper as the zygote knows it, and what outlives one: the namespace of the bridges, and those that
//! containers are started in.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use protocol::zygote::Mapping;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use sys::event::{Interest, Poll};
use sys::seqpacket::{self, Error, Flags, Received};
use sys::watched::Watched;

use crate::messages;
use crate::net::Order;
use crate::net::messages::{FromHelper, ToHelper, socket_name};

/// What a zygote that has died has left.
#[derive(Debug)]
pub struct Taken {
    channel: OwnedFd,
    pub mapping: Mapping,
    pub user_namespace: OwnedFd,
    namespace: OwnedFd,
    sandboxes: BTreeMap<u64, OwnedFd>,
}

/// Longest time in which a helper that is there says all that it has.
const PATIENCE: Duration = Duration::from_secs(5);

/// Finds the net helper of a zygote that has died, if it has outlived it.
pub fn take_over(run: BorrowedFd<'_>) -> Option<Taken> {
    let channel = seqpacket::connect(run, &socket_name()).ok()?;
    set_socket_timeout(&channel, Timeout::Recv, Some(PATIENCE)).ok()?;
    let Received { text, descriptors } = seqpacket::receive(channel.as_fd()).ok()??;
    let FromHelper::Handover { mapping, sandboxes } =
        messages::parse(&text, "from the net helper").ok()?
    else {
        return None;
    };
    let mut descriptors = descriptors.into_iter();
    let (user_namespace, namespace) = (descriptors.next()?, descriptors.next()?);
    let mut known = BTreeMap::new();
    for _ in 0..sandboxes {
        let Received { text, descriptors } = seqpacket::receive(channel.as_fd()).ok()??;
        if let Ok(FromHelper::Sandbox { sandbox }) = messages::parse(&text, "from the net helper") {
            known.insert(sandbox, descriptors.into_iter().next()?);
        }
    }
    Some(Taken {
        channel,
        mapping,
        user_namespace,
        namespace,
        sandboxes: known,
    })
}

#[derive(Debug, Default)]
pub struct NetHelper {
    channel: Option<Watched>,
    namespace: Option<OwnedFd>,
    sandboxes: BTreeMap<u64, OwnedFd>,
    /// Were released, and wait to be thrown away at a quiet moment.
    released: Vec<OwnedFd>,
}

impl NetHelper {
    /// Goes on with the helper of a zygote that has died.
    pub fn take(&mut self, poll: &Poll, taken: Taken, token: u64) {
        self.namespace = Some(taken.namespace);
        self.sandboxes = taken.sandboxes;
        self.know(poll, taken.channel, token);
    }

    /// Tells it that the zygote ends.
    pub fn end(&self) {
        if let Some(channel) = &self.channel {
            let text = messages::text(&ToHelper::End);
            let _ = seqpacket::send(channel.as_fd(), &text, &[], Flags::DONT_WAIT);
        }
    }

    /// Passes a daemon's channel on, if there is a helper to take it.
    pub fn pass_on(&mut self, poll: &Poll, daemon: BorrowedFd<'_>) -> bool {
        self.receive(poll);
        let Some(channel) = &self.channel else {
            return false;
        };
        let text = messages::text(&ToHelper::Daemon);
        seqpacket::send(channel.as_fd(), &text, &[daemon], Flags::DONT_WAIT).is_ok()
    }

    /// Knows a new helper from now on, by its end of the channel that the order holds the other of.
    pub fn know(&mut self, poll: &Poll, ours: OwnedFd, token: u64) {
        let mut channel = Watched::new(ours, token);
        if channel.watch(poll, Some(Interest::READ)).is_ok() {
            self.channel = Some(channel);
        }
    }

    /// What a new helper is to be forked with.
    pub fn order(self, zygote: OwnedFd, run: OwnedFd, daemon: OwnedFd) -> Order {
        Order {
            zygote,
            run,
            daemon,
            namespace: self.namespace,
            sandboxes: self.sandboxes.into_iter().collect(),
        }
    }

    /// A copy of the namespace of a sandbox, which may have arrived just now.
    pub fn sandbox(&mut self, poll: &Poll, sandbox: u64) -> Option<OwnedFd> {
        if !self.sandboxes.contains_key(&sandbox) {
            self.receive(poll);
        }
        self.sandboxes.get(&sandbox)?.try_clone().ok()
    }

    /// Namespaces that were released since the last call.
    pub fn take_released(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.released)
    }

    /// Takes what the helper has sent; to be called when its token is reported.
    pub fn receive(&mut self, poll: &Poll) {
        while let Some(channel) = &mut self.channel {
            match seqpacket::receive_ready(channel.as_fd()) {
                Ok(Some(received)) => self.note(received),
                Err(Error::WouldBlock) => return,
                Ok(None) | Err(_) => {
                    // A process forked meanwhile may hold a copy, which would go on reporting.
                    let _ = channel.watch(poll, None);
                    self.channel = None;
                }
            }
        }
    }

    fn note(&mut self, received: Received) {
        let Received { text, descriptors } = received;
        let first = descriptors.into_iter().next();
        match (messages::parse(&text, "from the net helper"), first) {
            (Ok(FromHelper::Namespace), Some(namespace)) => self.namespace = Some(namespace),
            (Ok(FromHelper::Sandbox { sandbox }), Some(namespace)) => {
                self.sandboxes.insert(sandbox, namespace);
            }
            (Ok(FromHelper::Release { sandboxes }), None) => {
                let found = sandboxes.iter().filter_map(|id| self.sandboxes.remove(id));
                self.released.extend(found);
            }
            // It is the zygote's own fork: it sends nothing else.
            _ => {}
        }
    }
}
