//! What a container needs that can be made ahead: network namespaces, made ahead of need and thrown away when nobody
//! waits, because both take longer than all the mounts of a start together; /dev, a quarter of those mounts; and the
//! process that is to be its monitor.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use sys::event::{Interest, Poll};
use sys::fork::{Side, fork};
use sys::seqpacket::{self, Error};
use sys::watched::Watched;

use crate::monitor::Order;
use crate::zygote::maker::{Commission, NETWORK};
use crate::zygote::spare::{Forked, Spare};

/// For some starts at once; a larger burst makes its own. A namespace takes about 200 KiB of the kernel.
const MOST_READY: usize = 4;

/// With more than that no process is started to make what is missing.
const ENOUGH_READY: usize = 2;

/// Used namespaces that wait to be thrown away, all together.
const MOST_USED: usize = 32;

/// How long nothing must have happened before any is made or thrown away.
const QUIET: Duration = Duration::from_millis(12);

/// How long to wait when one could not be made: the user's limit may be reached.
const AGAIN: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub struct Ready {
    /// Namespaces whose loopback interface is up and that nobody has been in.
    networks: Vec<OwnedFd>,
    /// Those that somebody was in.
    used: Vec<OwnedFd>,
    devices: Vec<OwnedFd>,
    spare: Option<Spare>,
    /// From the process that makes some.
    maker: Option<Watched>,
    not_before: Option<Instant>,
}

/// Which process this is after [`Ready::tend`].
pub enum Tended {
    /// With the child.
    Zygote(Pid),
    Maker(Commission),
}

impl Ready {
    /// A network namespace, if one is ready.
    pub fn take_network(&mut self) -> Option<OwnedFd> {
        self.postpone(QUIET);
        self.networks.pop()
    }

    /// A /dev for [`sandbox::launch::Prepared`], if one is ready.
    pub fn take_devices(&mut self) -> Option<OwnedFd> {
        self.postpone(QUIET);
        self.devices.pop()
    }

    /// Has a process that is ready do this; nothing when there is none.
    pub fn hand_over(&mut self, order: &Order) -> Option<Pid> {
        self.postpone(QUIET);
        self.spare.take()?.hand_over(order)
    }

    /// Makes a process ready, if none is and it is time. Gives the channel for its order in that process.
    pub fn fork_spare(&mut self) -> Option<OwnedFd> {
        if self.spare.is_some() || !self.wait().is_zero() {
            return None;
        }
        match Spare::fork() {
            Some(Forked::Zygote(spare)) => self.spare = Some(spare),
            Some(Forked::Spare(channel)) => return Some(channel),
            None => self.postpone(AGAIN),
        }
        None
    }

    pub fn dismiss_spare(&mut self) {
        self.spare = None;
    }

    /// Keeps a network namespace whose container has ended until there is time to throw it away. It is never used
    /// again: a socket of it may have been passed to somebody who still has it.
    pub fn retire(&mut self, namespace: OwnedFd) {
        self.postpone(QUIET);
        if self.used.len() >= MOST_USED {
            self.used.clear();
        }
        self.used.push(namespace);
    }

    /// How long it is until [`Ready::tend`] or [`Ready::fork_spare`] has something to do; for ever when nothing.
    pub fn due(&self) -> Option<Duration> {
        if !self.is_to_make() && self.used.is_empty() && self.spare.is_some() {
            return None;
        }
        Some(self.wait())
    }

    fn wait(&self) -> Duration {
        let wait = self
            .not_before
            .map(|moment| moment.saturating_duration_since(Instant::now()));
        wait.unwrap_or_default()
    }

    /// Throws away and has another process make what is missing, if that is due. The process is a child to be
    /// collected; in that process, gives what it is to do.
    pub fn tend(&mut self, poll: &Poll, token: u64) -> Option<Tended> {
        if self.due() != Some(Duration::ZERO) {
            return None;
        }
        self.used.clear();
        if !self.is_to_make() {
            return None;
        }
        let tended = self.fork_maker(poll, token);
        if tended.is_none() {
            self.postpone(AGAIN);
        }
        tended
    }

    /// Takes what the maker has made; to be called when its token is reported.
    pub fn receive(&mut self, poll: &Poll) {
        let Some(maker) = &mut self.maker else {
            return;
        };
        loop {
            match seqpacket::receive_ready(maker.as_fd()) {
                Ok(Some(received)) => {
                    let made = match received.text.as_slice() {
                        NETWORK => &mut self.networks,
                        _ => &mut self.devices,
                    };
                    made.extend(received.descriptors.into_iter().take(1));
                }
                Err(Error::WouldBlock) => return,
                Ok(None) | Err(_) => break,
            }
        }
        // A process forked meanwhile may hold a copy, which would go on reporting.
        let _ = maker.watch(poll, None);
        self.maker = None;
        if self.is_to_make() {
            self.postpone(AGAIN);
        }
    }

    fn is_to_make(&self) -> bool {
        self.maker.is_none() && self.networks.len().min(self.devices.len()) <= ENOUGH_READY
    }

    fn postpone(&mut self, time: Duration) {
        self.not_before = Some(Instant::now() + time);
    }

    fn fork_maker(&mut self, poll: &Poll, token: u64) -> Option<Tended> {
        let (ours, theirs) = seqpacket::pair().ok()?;
        let mut maker = Watched::new(ours, token);
        maker.watch(poll, Some(Interest::READ)).ok()?;
        match fork().ok()? {
            Side::Child => Some(Tended::Maker(Commission {
                channel: theirs,
                networks: MOST_READY.saturating_sub(self.networks.len()),
                devices: MOST_READY.saturating_sub(self.devices.len()),
            })),
            Side::Parent(pid) => {
                self.maker = Some(maker);
                Some(Tended::Zygote(pid))
            }
        }
    }
}
