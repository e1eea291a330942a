//! Network namespaces made ahead of need: making one takes as long as all the mounts of a start together.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::Pid;
use sys::event::{Interest, Poll};
use sys::fork::{Side, fork};
use sys::seqpacket;

use crate::watched::Watched;

/// Enough for a start and the one after it; a burst makes its own.
const MOST_READY: usize = 2;

/// How long nothing must have been asked for before another is made: nobody is to wait for that.
const QUIET: Duration = Duration::from_millis(4);

/// How long to wait when one could not be made: the user's limit may be reached.
const AGAIN: Duration = Duration::from_secs(10);

/// Namespaces whose loopback interface is up and nobody is in.
#[derive(Default)]
pub struct Networks {
    ready: Vec<OwnedFd>,
    /// From the process that makes one.
    maker: Option<Watched>,
    not_before: Option<Instant>,
}

impl Networks {
    /// A namespace, if one is ready.
    pub fn take(&mut self) -> Option<OwnedFd> {
        self.postpone(QUIET);
        self.ready.pop()
    }

    /// How long it is until [`Networks::refill`] has something to do; for ever when nothing.
    pub fn due(&self) -> Option<Duration> {
        if self.maker.is_some() || self.ready.len() >= MOST_READY {
            return None;
        }
        let wait = self
            .not_before
            .map(|moment| moment.saturating_duration_since(Instant::now()));
        Some(wait.unwrap_or_default())
    }

    /// Has another process make one if that is due. The process is a child to be collected.
    pub fn refill(&mut self, poll: &Poll, token: u64) -> Option<Pid> {
        if self.due() != Some(Duration::ZERO) {
            return None;
        }
        let started = self.start_maker(poll, token);
        if started.is_none() {
            self.postpone(AGAIN);
        }
        started
    }

    /// Takes what the maker has made; to be called when its token is reported.
    pub fn receive(&mut self, poll: &Poll) {
        let Some(mut maker) = self.maker.take() else {
            return;
        };
        // The process that made it may still hold a copy, which would go on reporting.
        let _ = maker.watch(poll, None);
        match seqpacket::receive_ready(maker.as_fd()) {
            Ok(Some(mut received)) if !received.descriptors.is_empty() => {
                self.ready.push(received.descriptors.remove(0));
                self.postpone(QUIET);
            }
            _ => self.postpone(AGAIN),
        }
    }

    fn postpone(&mut self, time: Duration) {
        self.not_before = Some(Instant::now() + time);
    }

    fn start_maker(&mut self, poll: &Poll, token: u64) -> Option<Pid> {
        let (ours, theirs) = seqpacket::pair().ok()?;
        let mut maker = Watched::new(ours, token);
        maker.watch(poll, Some(Interest::READ)).ok()?;
        match fork().ok()? {
            Side::Child => {
                let _ = make(&theirs);
                std::process::exit(0);
            }
            Side::Parent(pid) => {
                self.maker = Some(maker);
                Some(pid)
            }
        }
    }
}

/// Makes a namespace and passes it on.
fn make(channel: &OwnedFd) -> Option<()> {
    sys::network_namespace::enter_new().ok()?;
    sys::interface::loopback_up().ok()?;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let namespace = openat(CWD, "/proc/self/ns/net", flags, Mode::empty()).ok()?;
    let flags = seqpacket::Flags::empty();
    seqpacket::send(channel.as_fd(), b"network", &[namespace.as_fd()], flags).ok()
}
