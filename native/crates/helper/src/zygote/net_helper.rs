//! The zygote's connection to the net helper, and the namespaces that outlive a helper: the bridges' and the
//! containers'.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

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
use crate::zygote::prepared_network::Traces;

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

/// A container's network namespace.
#[derive(Debug)]
struct Namespace {
    descriptor: OwnedFd,
    history: History,
}

/// The containers that were started in a namespace.
#[derive(Debug)]
enum History {
    /// None. The traces are not open.
    New,
    /// None, or nothing is left of them.
    Unused(Traces),
    /// Some. Whether they have left something is unknown.
    Used,
}

#[derive(Debug, Default)]
pub struct NetHelper {
    channel: Option<Watched>,
    bridges: Option<OwnedFd>,
    namespaces: BTreeMap<u64, Namespace>,
    /// Namespaces that have had no container and whose traces are not open, with the times of their arrival.
    untraced: VecDeque<(u64, Instant)>,
    /// Released namespaces, to be destroyed when no container is being started.
    released: Vec<OwnedFd>,
}

impl NetHelper {
    /// Continues with the helper of a dead zygote.
    pub fn adopt(&mut self, poll: &Poll, handover: Handover, token: u64) {
        self.bridges = Some(handover.bridges);
        let used = |descriptor| Namespace {
            descriptor,
            history: History::Used,
        };
        let namespaces = handover.namespaces.into_iter();
        self.namespaces = namespaces.map(|(id, one)| (id, used(one))).collect();
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
        let namespaces = self.namespaces.into_iter();
        NetHelperStart {
            zygote,
            run,
            daemon,
            bridges: self.bridges,
            namespaces: namespaces.map(|(id, one)| (id, one.descriptor)).collect(),
        }
    }

    /// Returns a duplicate descriptor of a network namespace in which a container is started, and the namespace's traces if
    /// it was unused. The helper may have only just sent the namespace.
    pub fn take(&mut self, poll: &Poll, namespace: u64) -> Option<(OwnedFd, Option<Traces>)> {
        if !self.namespaces.contains_key(&namespace) {
            self.receive(poll);
        }
        self.untraced.retain(|(id, _)| *id != namespace);
        let taken = self.namespaces.get_mut(&namespace)?;
        let traces = match std::mem::replace(&mut taken.history, History::Used) {
            History::Unused(traces) => Some(traces),
            History::New | History::Used => None,
        };
        Some((taken.descriptor.try_clone().ok()?, traces))
    }

    /// Gives back the traces of a namespace whose container has ended and left nothing in it. Returns false if the helper has
    /// released it.
    pub fn give_back(&mut self, namespace: u64, traces: Traces) -> bool {
        let known = self.namespaces.get_mut(&namespace);
        known.is_some_and(|known| {
            known.history = History::Unused(traces);
            true
        })
    }

    /// Returns when the first namespace without a container so far and without traces has arrived; `None` if there is none.
    pub fn untraced_since(&self) -> Option<Instant> {
        self.untraced.front().map(|(_, arrival)| *arrival)
    }

    /// Returns the namespaces that arrived before a moment and whose traces a preparer is to open.
    pub fn take_untraced(&mut self, before: Instant) -> Vec<(u64, OwnedFd)> {
        let late = self
            .untraced
            .partition_point(|(_, arrival)| *arrival <= before);
        let untraced = self.untraced.drain(..late);
        let copy = |(id, _)| {
            let namespace = self.namespaces.get(&id)?;
            Some((id, namespace.descriptor.try_clone().ok()?))
        };
        untraced.filter_map(copy).collect()
    }

    /// Stores the traces of a namespace. Returns false if they cannot be read or a container was started in it meanwhile.
    pub fn set_traces(&mut self, namespace: u64, files: Vec<OwnedFd>) -> bool {
        if let Some(known) = self.namespaces.get_mut(&namespace)
            && matches!(known.history, History::New)
            && let Some(traces) = Traces::of(files)
        {
            known.history = History::Unused(traces);
            return true;
        }
        false
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
                let history = History::New;
                self.untraced.push_back((namespace, Instant::now()));
                self.namespaces.insert(
                    namespace,
                    Namespace {
                        descriptor,
                        history,
                    },
                );
            }
            (Ok(FromHelper::Release { namespaces }), None) => {
                let known = &mut self.namespaces;
                self.untraced.retain(|(id, _)| !namespaces.contains(id));
                let found = namespaces.iter().filter_map(|id| known.remove(id));
                self.released.extend(found.map(|one| one.descriptor));
            }
            // The helper is the zygote's own fork and sends no other message.
            _ => {}
        }
    }
}
