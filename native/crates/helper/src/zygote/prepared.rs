//! Resources that are prepared before a container needs them: network namespaces, because creating or destroying one
//! takes longer than all mounts of a start together; /dev, which is a quarter of those mounts; and the monitor's
//! process.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use sys::event::{Interest, Poll};
use sys::fork::{Side, fork};
use sys::seqpacket::{self, Error};
use sys::watched::Watched;

use crate::monitor::launch::Launch;
use crate::zygote::preparer::{NETWORK, Preparation};
use crate::zygote::standby_monitor::{ForkSide, StandbyMonitor};

/// Resources of each kind, enough for some simultaneous starts. A namespace takes about 200 KiB of kernel memory.
const MOST_READY: usize = 4;

/// Number of ready resources at or below which a preparer is started.
const FEW_READY: usize = 2;

/// Used namespaces that may wait to be destroyed.
const MOST_USED: usize = 32;

/// Time without starts before resources are prepared or destroyed.
const QUIET: Duration = Duration::from_millis(12);

/// Time until the next attempt after a failure: the user may have reached a limit.
const RETRY: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub struct PreparedResources {
    /// Unused network namespaces whose loopback interface is up.
    networks: Vec<OwnedFd>,
    /// Network namespaces to be destroyed.
    used: Vec<OwnedFd>,
    devices: Vec<OwnedFd>,
    standby: Option<StandbyMonitor>,
    /// The channel from the preparer, while one runs.
    preparer: Option<Watched>,
    not_before: Option<Instant>,
}

/// The process after [`PreparedResources::prepare`].
pub enum PrepareSide {
    /// The zygote, with the id of the preparer.
    Zygote(Pid),
    Preparer(Preparation),
}

impl PreparedResources {
    /// Takes a network namespace, if one is ready.
    pub fn take_network(&mut self) -> Option<OwnedFd> {
        self.postpone(QUIET);
        self.networks.pop()
    }

    /// Takes a /dev for [`sandbox::launch::Prepared`], if one is ready.
    pub fn take_devices(&mut self) -> Option<OwnedFd> {
        self.postpone(QUIET);
        self.devices.pop()
    }

    /// Sends a launch to the standby monitor. Returns its process id, or `None` if there is no such process.
    pub fn launch(&mut self, launch: &Launch) -> Option<Pid> {
        self.postpone(QUIET);
        self.standby.take()?.send(launch)
    }

    /// Forks a standby monitor, if there is none and it is time. In the new process, returns the channel for its
    /// launch.
    pub fn fork_standby(&mut self) -> Option<OwnedFd> {
        if self.standby.is_some() || !self.wait().is_zero() {
            return None;
        }
        match StandbyMonitor::fork() {
            Some(ForkSide::Zygote(standby)) => self.standby = Some(standby),
            Some(ForkSide::Monitor(channel)) => return Some(channel),
            None => self.postpone(RETRY),
        }
        None
    }

    /// Ends the standby monitor.
    pub fn dismiss_standby(&mut self) {
        self.standby = None;
    }

    /// Keeps the network namespace of an ended container until there is time to destroy it. The namespace is never
    /// reused, because another process may still have a socket in it.
    pub fn retire(&mut self, namespace: OwnedFd) {
        self.postpone(QUIET);
        if self.used.len() >= MOST_USED {
            self.used.clear();
        }
        self.used.push(namespace);
    }

    /// Returns the time until [`PreparedResources::prepare`] or [`PreparedResources::fork_standby`] has work; `None` if
    /// neither has.
    pub fn due(&self) -> Option<Duration> {
        if !self.needs_preparer() && self.used.is_empty() && self.standby.is_some() {
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

    /// Destroys used namespaces and forks a preparer, if it is time. The preparer is a child to be reaped.
    pub fn prepare(&mut self, poll: &Poll, token: u64) -> Option<PrepareSide> {
        if self.due() != Some(Duration::ZERO) {
            return None;
        }
        self.used.clear();
        if !self.needs_preparer() {
            return None;
        }
        let side = self.fork_preparer(poll, token);
        if side.is_none() {
            self.postpone(RETRY);
        }
        side
    }

    /// Receives resources from the preparer; to be called when its token is reported.
    pub fn receive(&mut self, poll: &Poll) {
        let Some(preparer) = &mut self.preparer else {
            return;
        };
        loop {
            match seqpacket::receive_ready(preparer.as_fd()) {
                Ok(Some(received)) => {
                    let kind = match received.text.as_slice() {
                        NETWORK => &mut self.networks,
                        _ => &mut self.devices,
                    };
                    kind.extend(received.descriptors.into_iter().take(1));
                }
                Err(Error::WouldBlock) => return,
                Ok(None) | Err(_) => break,
            }
        }
        // A process forked meanwhile may hold a copy of the descriptor, and epoll would keep reporting its events.
        let _ = preparer.watch(poll, None);
        self.preparer = None;
        if self.needs_preparer() {
            self.postpone(RETRY);
        }
    }

    fn needs_preparer(&self) -> bool {
        self.preparer.is_none() && self.networks.len().min(self.devices.len()) <= FEW_READY
    }

    fn postpone(&mut self, time: Duration) {
        self.not_before = Some(Instant::now() + time);
    }

    fn fork_preparer(&mut self, poll: &Poll, token: u64) -> Option<PrepareSide> {
        let (ours, theirs) = seqpacket::pair().ok()?;
        let mut preparer = Watched::new(ours, token);
        preparer.watch(poll, Some(Interest::READ)).ok()?;
        match fork().ok()? {
            Side::Child => Some(PrepareSide::Preparer(Preparation {
                channel: theirs,
                networks: MOST_READY.saturating_sub(self.networks.len()),
                devices: MOST_READY.saturating_sub(self.devices.len()),
            })),
            Side::Parent(pid) => {
                self.preparer = Some(preparer);
                Some(PrepareSide::Zygote(pid))
            }
        }
    }
}
