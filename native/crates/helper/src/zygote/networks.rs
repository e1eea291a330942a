//! Network namespaces: made ahead of need and thrown away when nobody waits, because both take longer than
//! all the mounts of a start together.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::Pid;
use sys::event::{Interest, Poll};
use sys::fork::{Side, fork};
use sys::seqpacket::{self, Error};

use sys::watched::Watched;

/// For some starts at once; a larger burst makes its own. One takes about 200 KiB of the kernel.
const MOST_READY: usize = 4;

/// Used ones that wait to be thrown away, all together.
const MOST_USED: usize = 32;

/// How long nothing must have happened before any is made or thrown away.
const QUIET: Duration = Duration::from_millis(12);

/// How long to wait when one could not be made: the user's limit may be reached.
const AGAIN: Duration = Duration::from_secs(10);

/// Namespaces whose loopback interface is up and that nobody has been in, and those that somebody was.
#[derive(Debug, Default)]
pub struct Networks {
    ready: Vec<OwnedFd>,
    used: Vec<OwnedFd>,
    /// From the process that makes some.
    maker: Option<Watched>,
    not_before: Option<Instant>,
}

impl Networks {
    /// A namespace, if one is ready.
    pub fn take(&mut self) -> Option<OwnedFd> {
        self.postpone(QUIET);
        self.ready.pop()
    }

    /// Keeps a namespace whose container has ended until there is time to throw it away. It is never used
    /// again: a socket of it may have been passed to somebody who still has it.
    pub fn retire(&mut self, namespace: OwnedFd) {
        self.postpone(QUIET);
        if self.used.len() >= MOST_USED {
            self.used.clear();
        }
        self.used.push(namespace);
    }

    /// How long it is until [`Networks::tend`] has something to do; for ever when nothing.
    pub fn due(&self) -> Option<Duration> {
        let to_make = self.maker.is_none() && self.ready.len() < MOST_READY;
        if !to_make && self.used.is_empty() {
            return None;
        }
        let wait = self
            .not_before
            .map(|moment| moment.saturating_duration_since(Instant::now()));
        Some(wait.unwrap_or_default())
    }

    /// Throws away and has another process make what is missing, if that is due. The process is a child to
    /// be collected.
    pub fn tend(&mut self, poll: &Poll, token: u64) -> Option<Pid> {
        if self.due() != Some(Duration::ZERO) {
            return None;
        }
        self.used.clear();
        if self.maker.is_some() || self.ready.len() >= MOST_READY {
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
        let Some(maker) = &mut self.maker else {
            return;
        };
        loop {
            match seqpacket::receive_ready(maker.as_fd()) {
                Ok(Some(received)) => self.ready.extend(received.descriptors.into_iter().take(1)),
                Err(Error::WouldBlock) => return,
                Ok(None) | Err(_) => break,
            }
        }
        // A process forked meanwhile may hold a copy, which would go on reporting.
        let _ = maker.watch(poll, None);
        self.maker = None;
        if self.ready.len() < MOST_READY {
            self.postpone(AGAIN);
        }
    }

    fn postpone(&mut self, time: Duration) {
        self.not_before = Some(Instant::now() + time);
    }

    fn start_maker(&mut self, poll: &Poll, token: u64) -> Option<Pid> {
        let missing = MOST_READY - self.ready.len();
        let (ours, theirs) = seqpacket::pair().ok()?;
        let mut maker = Watched::new(ours, token);
        maker.watch(poll, Some(Interest::READ)).ok()?;
        match fork().ok()? {
            Side::Child => {
                drop(maker);
                for _ in 0..missing {
                    if make(&theirs).is_none() {
                        break;
                    }
                }
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
