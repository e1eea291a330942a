//! Datagrams that somebody sends to a published port, and what the container answers.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use sys::event::{Interest, Poll};
use sys::inet::{self, Datagram};

use crate::tokens::{Owner, token};

/// How long a client may pause, as a router would have it.
const IDLE: Duration = Duration::from_secs(120);

const MOST: usize = 4096;

/// Datagrams taken before others have their turn.
const AT_ONCE: usize = 64;

/// The port, the client, and the address of the host that it has chosen.
type Key = (u64, SocketAddr, Option<IpAddr>);

/// What one client says to one port.
#[derive(Debug)]
pub struct Visit {
    key: Key,
    /// Connected to the container.
    container: OwnedFd,
    last: Instant,
}

#[derive(Debug, Default)]
pub struct Visits {
    all: HashMap<u64, Visit>,
    by_key: HashMap<Key, u64>,
    next: u64,
}

impl Visits {
    /// The visit that a datagram belongs to; a new one gets its socket from `open`.
    pub fn find_or_add(
        &mut self,
        poll: &Poll,
        port: u64,
        datagram: &Datagram,
        open: impl FnOnce() -> Result<OwnedFd, Errno>,
    ) -> Option<&mut Visit> {
        let local = datagram.destination.map(|place| place.ip());
        let key = (port, datagram.source, local);
        if let Some(index) = self.by_key.get(&key) {
            return self.all.get_mut(index);
        }
        if self.all.len() >= MOST {
            let oldest = self.all.iter().min_by_key(|(_, visit)| visit.last);
            let oldest = oldest.map(|(index, _)| *index)?;
            self.end(oldest);
        }
        let container = open().ok()?;
        let index = self.next;
        self.next += 1;
        poll.add(
            &container,
            token(Owner::Visits, index, false),
            Interest::READ,
        )
        .ok()?;
        let visit = Visit {
            key,
            container,
            last: Instant::now(),
        };
        self.by_key.insert(key, index);
        Some(self.all.entry(index).or_insert(visit))
    }

    /// Sends a container's answers from the port that was asked; `socket` finds it.
    pub fn pass_on<'ports>(
        &mut self,
        index: u64,
        socket: impl Fn(u64) -> Option<BorrowedFd<'ports>>,
        buffer: &mut [u8],
    ) {
        let Some(visit) = self.all.get_mut(&index) else {
            return;
        };
        let (port, client, local) = visit.key;
        let Some(socket) = socket(port) else {
            return;
        };
        for _ in 0..AT_ONCE {
            match recv(&visit.container, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((_, length)) => {
                    let _ = inet::send(socket, &buffer[..length], client, local);
                }
                // Nobody listens in the container.
                Err(Errno::CONNREFUSED | Errno::INTR) => {}
                Err(_) => break,
            }
        }
        visit.last = Instant::now();
    }

    /// Ends all visits to a port.
    pub fn end_of(&mut self, port: u64) {
        let over: Vec<u64> = self.indices(|visit| visit.key.0 == port);
        over.into_iter().for_each(|index| self.end(index));
    }

    /// Ends visits in which nothing has been said for long.
    pub fn tend(&mut self) {
        let over = self.indices(|visit| visit.last.elapsed() >= IDLE);
        over.into_iter().for_each(|index| self.end(index));
    }

    fn indices(&self, test: impl Fn(&Visit) -> bool) -> Vec<u64> {
        let found = self.all.iter().filter(|(_, visit)| test(visit));
        found.map(|(index, _)| *index).collect()
    }

    fn end(&mut self, index: u64) {
        if let Some(visit) = self.all.remove(&index) {
            self.by_key.remove(&visit.key);
        }
    }
}

impl Visit {
    /// To the container.
    pub fn bring(&mut self, bytes: &[u8]) {
        self.last = Instant::now();
        let _ = send(&self.container, bytes, SendFlags::DONTWAIT);
    }
}
