//! Questions about names that containers ask: of one another the helper knows the names itself, all others are the
//! host's resolver's to answer.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use protocol::net;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use sys::event::{Interest, Poll};
use sys::inet;

use crate::bridges::Bridges;
use crate::host_resolver::HostResolver;
use crate::inside::{Inside, Kind};
use crate::name_streams::NameStreams;
use crate::name_table::{HEADER, NameTable, Reply, Transport};
use crate::sockets;
use crate::tokens::{Owner, token};

pub const PORT: u16 = 53;

/// Longest answer that travels in a datagram.
const LONGEST: usize = 64 * 1024;

/// Questions that are open at a time; the oldest is given up for a newer one.
const MOST: usize = 1024;

/// How long one server has before another is asked too.
const PATIENCE: Duration = Duration::from_secs(2);

/// Questions in all for each that a container asks.
const ATTEMPTS: usize = 4;

const AT_ONCE: usize = 32;

/// Where a container's questions arrive.
#[derive(Debug)]
pub struct Listeners {
    pub udp: OwnedFd,
    pub tcp: OwnedFd,
}

/// How servers are reached: those in containers from their own side, all others from the host's.
pub struct Reach<'helper> {
    pub poll: &'helper Poll,
    pub bridges: &'helper Bridges,
    pub inside: &'helper mut Inside,
    host: &'helper mut HostResolver,
}

impl Reach<'_> {
    pub fn host_servers(&mut self) -> Vec<IpAddr> {
        self.host.servers().to_vec()
    }

    /// A connection that is being made.
    pub fn connect(&mut self, server: SocketAddr) -> Result<OwnedFd, Errno> {
        if !self.bridges.contains(server.ip()) {
            return sockets::connect_tcp(server);
        }
        let socket = self.inside.socket(Kind::Tcp, server.ip())?;
        sockets::begin_connection(&socket, server)?;
        Ok(socket)
    }

    fn connect_datagrams(&mut self, server: SocketAddr) -> Result<OwnedFd, Errno> {
        if !self.bridges.contains(server.ip()) {
            return sockets::connect_udp(server);
        }
        let socket = self.inside.socket(Kind::Udp, server.ip())?;
        rustix::net::connect(&socket, &server)?;
        Ok(socket)
    }
}

/// A question that a server has been asked.
#[derive(Debug)]
struct Question {
    sandbox: u64,
    client: SocketAddr,
    message: Vec<u8>,
    /// Whom to ask; whom the host asks if there are none.
    servers: Vec<IpAddr>,
    attempts: usize,
}

#[derive(Debug)]
struct Asked {
    question: Question,
    server: OwnedFd,
    since: Instant,
}

#[derive(Debug)]
pub struct Names {
    host: HostResolver,
    table: NameTable,
    listeners: HashMap<u64, Listeners>,
    asked: HashMap<u64, Asked>,
    streams: NameStreams,
    next: u64,
    buffer: Vec<u8>,
}

/// What names need of the rest of the helper.
pub struct Means<'helper> {
    pub poll: &'helper Poll,
    pub bridges: &'helper Bridges,
    pub inside: &'helper mut Inside,
}

impl Names {
    pub fn new(resolver: &Path) -> Self {
        Self {
            host: HostResolver::new(resolver),
            table: NameTable::default(),
            listeners: HashMap::new(),
            asked: HashMap::new(),
            streams: NameStreams::default(),
            next: 0,
            buffer: vec![0; LONGEST],
        }
    }

    /// What a sandbox is called from now on, which may not be there yet.
    pub fn set(&mut self, names: net::Names) {
        self.table.set(names);
    }

    pub fn add(&mut self, poll: &Poll, sandbox: u64, listeners: Listeners) -> Result<(), Errno> {
        for (socket, stream) in [(&listeners.udp, false), (&listeners.tcp, true)] {
            poll.add(socket, token(Owner::Names, sandbox, stream), Interest::READ)?;
        }
        self.listeners.insert(sandbox, listeners);
        Ok(())
    }

    pub fn remove(&mut self, poll: &Poll, sandbox: u64) {
        self.table.remove(sandbox);
        self.listeners.remove(&sandbox);
        self.asked
            .retain(|_, asked| asked.question.sandbox != sandbox);
        self.streams.remove(poll, sandbox);
    }

    /// How long until [`Names::tend_questions`] has something to do.
    pub fn due(&self) -> Option<Duration> {
        let first = self.asked.values().map(|asked| asked.since).min()?;
        Some((first + PATIENCE).saturating_duration_since(Instant::now()))
    }

    /// Takes what a container asks, by datagram or by connection.
    pub fn ready(&mut self, means: &mut Means<'_>, sandbox: u64, stream: bool) {
        for _ in 0..AT_ONCE {
            let Some(listeners) = self.listeners.get(&sandbox) else {
                return;
            };
            if stream {
                let Ok(Some((socket, _))) = sockets::accept(&listeners.tcp) else {
                    return;
                };
                self.streams.add(means.poll, sandbox, socket);
                continue;
            }
            let Ok(datagram) = inet::receive(listeners.udp.as_fd(), &mut self.buffer) else {
                return;
            };
            let message = &self.buffer[..datagram.length];
            match self.table.reply(sandbox, message, Transport::Datagram) {
                Reply::Answer(answer) => {
                    let _ = inet::send(listeners.udp.as_fd(), &answer, datagram.source, None);
                }
                Reply::Ask(servers) => {
                    let question = Question {
                        sandbox,
                        client: datagram.source,
                        message: message.to_vec(),
                        servers,
                        attempts: 0,
                    };
                    self.ask(means, question);
                }
                Reply::Ignore => {}
            }
        }
    }

    /// Goes on with a connection by which a container asks.
    pub fn stream_ready(&mut self, means: &mut Means<'_>, index: u64, server: bool) {
        let Self {
            streams,
            table,
            host,
            ..
        } = self;
        streams.ready(&mut reach(means, host), table, index, server);
    }

    /// Asks the next server, or answers that nobody knows.
    fn ask(&mut self, means: &mut Means<'_>, mut question: Question) {
        while question.attempts < ATTEMPTS {
            let mut reach = reach(means, &mut self.host);
            let servers = match question.servers.is_empty() {
                true => reach.host_servers(),
                false => question.servers.clone(),
            };
            let server = servers[question.attempts % servers.len()];
            question.attempts += 1;
            let Ok(server) = reach.connect_datagrams((server, PORT).into()) else {
                continue;
            };
            let index = self.next;
            self.next += 1;
            let number = token(Owner::Questions, index, false);
            let asked = send(&server, &question.message, SendFlags::DONTWAIT)
                .and_then(|_| means.poll.add(&server, number, Interest::READ));
            if asked.is_err() {
                continue;
            }
            self.make_room();
            let since = Instant::now();
            let asked = Asked {
                question,
                server,
                since,
            };
            self.asked.insert(index, asked);
            return;
        }
        self.give(&question, &failure(question.message.clone()));
    }

    fn make_room(&mut self) {
        if self.asked.len() < MOST {
            return;
        }
        let oldest = self.asked.iter().min_by_key(|(_, asked)| asked.since);
        if let Some(oldest) = oldest.map(|(index, _)| *index) {
            self.asked.remove(&oldest);
        }
    }

    /// Passes a server's answer on.
    pub fn answered(&mut self, means: &mut Means<'_>, index: u64) {
        let Some(asked) = self.asked.get(&index) else {
            return;
        };
        let buffer = self.buffer.as_mut_slice();
        match recv(&asked.server, buffer, RecvFlags::DONTWAIT) {
            Ok((_, length)) => {
                let answer = &self.buffer[..length];
                if !answers(answer, &asked.question.message) {
                    return;
                }
                self.give(&asked.question, answer);
                self.asked.remove(&index);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            // Nobody listens there.
            Err(_) => self.ask_another(means, index),
        }
    }

    fn give(&self, question: &Question, answer: &[u8]) {
        if let Some(listeners) = self.listeners.get(&question.sandbox) {
            let _ = inet::send(listeners.udp.as_fd(), answer, question.client, None);
        }
    }

    /// Asks others what has not been answered in time.
    pub fn tend_questions(&mut self, means: &mut Means<'_>) {
        let late = self
            .asked
            .iter()
            .filter(|(_, asked)| asked.since.elapsed() >= PATIENCE);
        let late: Vec<u64> = late.map(|(index, _)| *index).collect();
        for index in late {
            self.ask_another(means, index);
        }
    }

    /// Ends connections that have been silent for long.
    pub fn tend_streams(&mut self, poll: &Poll) {
        self.streams.tend(poll);
    }

    fn ask_another(&mut self, means: &mut Means<'_>, index: u64) {
        if let Some(asked) = self.asked.remove(&index) {
            self.ask(means, asked.question);
        }
    }
}

fn reach<'means>(means: &'means mut Means<'_>, host: &'means mut HostResolver) -> Reach<'means> {
    Reach {
        poll: means.poll,
        bridges: means.bridges,
        inside: means.inside,
        host,
    }
}

/// Whether a message is an answer, and to this question.
fn answers(answer: &[u8], question: &[u8]) -> bool {
    answer.len() >= HEADER && answer[..2] == question[..2] && answer[2] & 0x80 != 0
}

/// The question, which has a header, marked as an answer: the server failed.
pub fn failure(mut question: Vec<u8>) -> Vec<u8> {
    question[2] |= 0x80;
    question[3] = question[3] & 0x70 | 0x80 | 2;
    question
}
