//! The zygote's connection to the net helper, and the namespaces that outlive a helper: the bridges' and the
//! containers'.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use protocol::zygote::Mapping;
use rustix::fs::Dir;
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use rustix::process::{Signal, kill_process};

use sys::event::{Interest, Poll};
use sys::seqpacket::{self, Error, Flags, Received};
use sys::watched::Watched;

use crate::messages;
use crate::net::inheritance::NetHelperStart;
use crate::net::zygote_messages::{FromHelper, ToHelper, socket_name};

/// State that the net helper of a dead zygote hands over.
#[derive(Debug)]
pub struct Handover {
    /// Channel to the helper; `None` if the helper had another protocol version and was ended.
    channel: Option<OwnedFd>,
    pub mapping: Mapping,
    pub user_namespace: OwnedFd,
    bridges: OwnedFd,
    namespaces: BTreeMap<u64, OwnedFd>,
}

/// Longest wait for each message of a handover.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Receives the state of a dead zygote's net helper, if it is still running. A helper of another protocol version is
/// ended: it cannot continue to serve, and a new one gets its namespaces.
pub fn take_over(run: BorrowedFd<'_>) -> Option<Handover> {
    let own = socket_name();
    if let Ok(channel) = seqpacket::connect(run, &own) {
        return receive_handover(channel);
    }
    let entries = Dir::read_from(run).ok()?;
    entries.flatten().find_map(|entry| {
        let name = entry.file_name().to_str().ok()?;
        if name == own || !name.starts_with("net-") || !name.ends_with(".sock") {
            return None;
        }
        let mut handover = receive_handover(seqpacket::connect(run, name).ok()?)?;
        end_helper(&handover.channel.take()?);
        Some(handover)
    })
}

/// Kills a helper and waits until it has released its ports.
fn end_helper(channel: &OwnedFd) {
    let Ok(peer) = socket_peercred(channel) else {
        return;
    };
    if kill_process(peer.pid, Signal::KILL).is_ok() {
        // The channel ends with the helper, or its time limit does.
        while matches!(seqpacket::receive(channel.as_fd()), Ok(Some(_))) {}
    }
}

fn receive_handover(channel: OwnedFd) -> Option<Handover> {
    set_socket_timeout(&channel, Timeout::Recv, Some(RECEIVE_TIMEOUT)).ok()?;
    let Received { text, descriptors } = seqpacket::receive(channel.as_fd()).ok()??;
    let FromHelper::Handover {
        mapping,
        namespaces: count,
    } = messages::parse(&text, "from the net helper").ok()?
    else {
        return None;
    };
    let mut descriptors = descriptors.into_iter();
    let (user_namespace, bridges) = (descriptors.next()?, descriptors.next()?);
    let mut namespaces = BTreeMap::new();
    for _ in 0..count {
        let Received { text, descriptors } = seqpacket::receive(channel.as_fd()).ok()??;
        if let Ok(FromHelper::Namespace { namespace }) =
            messages::parse(&text, "from the net helper")
        {
            namespaces.insert(namespace, descriptors.into_iter().next()?);
        }
    }
    Some(Handover {
        channel: Some(channel),
        mapping,
        user_namespace,
        bridges,
        namespaces,
    })
}

#[derive(Debug, Default)]
pub struct NetHelper {
    channel: Option<Watched>,
    bridges: Option<OwnedFd>,
    namespaces: BTreeMap<u64, OwnedFd>,
    /// Released namespaces, to be destroyed when no container is being started.
    released: Vec<OwnedFd>,
}

impl NetHelper {
    /// Continues with the helper of a dead zygote.
    pub fn adopt(&mut self, poll: &Poll, handover: Handover, token: u64) {
        self.bridges = Some(handover.bridges);
        self.namespaces = handover.namespaces;
        if let Some(channel) = handover.channel {
            self.set_channel(poll, channel, token);
        }
    }

    /// Informs the helper that the zygote ends.
    pub fn end(&self) {
        if let Some(channel) = &self.channel {
            let text = messages::text(&ToHelper::End);
            let _ = seqpacket::send(channel.as_fd(), &text, &[], Flags::DONT_WAIT);
        }
    }

    /// Sends a daemon's channel to the helper. Returns false if there is no helper.
    pub fn send_daemon(&mut self, poll: &Poll, daemon: BorrowedFd<'_>) -> bool {
        self.receive(poll);
        let Some(channel) = &self.channel else {
            return false;
        };
        let text = messages::text(&ToHelper::Daemon);
        seqpacket::send(channel.as_fd(), &text, &[daemon], Flags::DONT_WAIT).is_ok()
    }

    /// Sets the zygote's end of the channel to a new helper.
    pub fn set_channel(&mut self, poll: &Poll, channel: OwnedFd, token: u64) {
        let mut channel = Watched::new(channel, token);
        if channel.watch(poll, Some(Interest::READ)).is_ok() {
            self.channel = Some(channel);
        }
    }

    /// Returns the descriptors for a new helper, in its process.
    pub fn into_start(self, zygote: OwnedFd, run: OwnedFd, daemon: OwnedFd) -> NetHelperStart {
        NetHelperStart {
            zygote,
            run,
            daemon,
            bridges: self.bridges,
            namespaces: self.namespaces.into_iter().collect(),
        }
    }

    /// Returns a duplicate descriptor of a container's network namespace, even if the helper has only just sent the
    /// namespace.
    pub fn namespace(&mut self, poll: &Poll, namespace: u64) -> Option<OwnedFd> {
        if !self.namespaces.contains_key(&namespace) {
            self.receive(poll);
        }
        self.namespaces.get(&namespace)?.try_clone().ok()
    }

    /// Returns the namespaces that were released since the last call.
    pub fn take_released(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.released)
    }

    /// Receives the helper's messages; to be called when its token is reported.
    pub fn receive(&mut self, poll: &Poll) {
        while let Some(channel) = &mut self.channel {
            match seqpacket::receive_ready(channel.as_fd()) {
                Ok(Some(received)) => self.handle(received),
                Err(Error::WouldBlock) => return,
                Ok(None) | Err(_) => {
                    // A process forked meanwhile may hold a copy of the descriptor, and epoll would keep reporting its
                    // events.
                    let _ = channel.watch(poll, None);
                    self.channel = None;
                }
            }
        }
    }

    fn handle(&mut self, received: Received) {
        let Received { text, descriptors } = received;
        let first = descriptors.into_iter().next();
        match (messages::parse(&text, "from the net helper"), first) {
            (Ok(FromHelper::Bridges), Some(bridges)) => self.bridges = Some(bridges),
            (Ok(FromHelper::Namespace { namespace }), Some(descriptor)) => {
                self.namespaces.insert(namespace, descriptor);
            }
            (Ok(FromHelper::Release { namespaces }), None) => {
                let known = &mut self.namespaces;
                let found = namespaces.iter().filter_map(|id| known.remove(id));
                self.released.extend(found);
            }
            // The helper is the zygote's own fork and sends no other message.
            _ => {}
        }
    }
}
