//! Questions about names that come by connection: one after the other, each with its length before it.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use sys::event::{Interest, Poll};
use sys::watched::Watched;

use crate::name_table::{HEADER, NameTable, Reply, Transport};
use crate::names::{PORT, Reach, failure};
use crate::tokens::{Owner, token};

/// Connections of one container; who needs more has forgotten to close some.
const MOST_OF_ONE: usize = 64;

/// How long a connection may be silent, and a server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes that a connection is read for before what came is answered: more than the longest message.
const AT_ONCE: usize = 80 * 1024;

/// A server that is asked what the table does not know.
#[derive(Debug)]
struct Upstream {
    question: Vec<u8>,
    others: VecDeque<IpAddr>,
    socket: Watched,
    to_send: Vec<u8>,
    received: Vec<u8>,
}

#[derive(Debug)]
struct Stream {
    sandbox: u64,
    client: Watched,
    received: Vec<u8>,
    to_send: Vec<u8>,
    /// Nothing more is read from the client meanwhile.
    upstream: Option<Upstream>,
    /// No more questions come.
    ended: bool,
    last: Instant,
}

#[derive(Debug, Default)]
pub struct NameStreams {
    all: HashMap<u64, Stream>,
    next: u64,
}

/// The connection is of no more use.
#[derive(Debug)]
struct Broken;

impl From<Errno> for Broken {
    fn from(_: Errno) -> Self {
        Self
    }
}

impl NameStreams {
    pub fn add(&mut self, poll: &Poll, sandbox: u64, client: OwnedFd) {
        let own = self.all.values().filter(|one| one.sandbox == sandbox);
        if own.count() >= MOST_OF_ONE {
            return;
        }
        let index = self.next;
        self.next += 1;
        let mut stream = Stream {
            sandbox,
            client: Watched::new(client, token(Owner::NameStreams, index, false)),
            received: Vec::new(),
            to_send: Vec::new(),
            upstream: None,
            ended: false,
            last: Instant::now(),
        };
        if stream.watch(poll).is_ok() {
            self.all.insert(index, stream);
        }
    }

    /// Goes on with a connection, or with the server that is asked for it.
    pub fn ready(
        &mut self,
        reach: &mut Reach<'_>,
        table: &mut NameTable,
        index: u64,
        server: bool,
    ) {
        let Some(stream) = self.all.get_mut(&index) else {
            return;
        };
        let result = match server {
            false => stream.hear(),
            true => stream.hear_server(reach, index),
        };
        let result = result
            .and_then(|()| stream.advance(reach, table, index))
            .and_then(|()| Ok(stream.watch(reach.poll)?));
        if result.is_err() || stream.is_over() {
            self.end(reach.poll, index);
        }
    }

    pub fn remove(&mut self, poll: &Poll, sandbox: u64) {
        self.end_all(poll, |stream| stream.sandbox == sandbox);
    }

    /// Ends what has been silent for long.
    pub fn tend(&mut self, poll: &Poll) {
        self.end_all(poll, |stream| stream.last.elapsed() >= PATIENCE);
    }

    fn end_all(&mut self, poll: &Poll, test: impl Fn(&Stream) -> bool) {
        let over = self.all.iter().filter(|(_, stream)| test(stream));
        let over: Vec<u64> = over.map(|(index, _)| *index).collect();
        over.into_iter().for_each(|index| self.end(poll, index));
    }

    fn end(&mut self, poll: &Poll, index: u64) {
        if let Some(mut stream) = self.all.remove(&index) {
            let _ = stream.client.watch(poll, None);
            if let Some(upstream) = &mut stream.upstream {
                let _ = upstream.socket.watch(poll, None);
            }
        }
    }
}

impl Stream {
    fn is_over(&self) -> bool {
        self.ended && self.upstream.is_none() && self.to_send.is_empty()
    }

    /// Watches for what can be done next, and no more.
    fn watch(&mut self, poll: &Poll) -> Result<(), Errno> {
        let mut interest = Interest::empty();
        interest.set(Interest::WRITE, !self.to_send.is_empty());
        let listens = self.upstream.is_none() && self.to_send.is_empty() && !self.ended;
        interest.set(Interest::READ, listens);
        self.client
            .watch(poll, (!interest.is_empty()).then_some(interest))?;
        let Some(upstream) = &mut self.upstream else {
            return Ok(());
        };
        let interest = match upstream.to_send.is_empty() {
            true => Interest::READ,
            false => Interest::WRITE,
        };
        upstream.socket.watch(poll, Some(interest))
    }

    fn hear(&mut self) -> Result<(), Broken> {
        self.last = Instant::now();
        write(&self.client, &mut self.to_send)?;
        if self.to_send.is_empty() && self.upstream.is_none() && !self.ended {
            self.ended = read(&self.client, &mut self.received)?;
        }
        Ok(())
    }

    fn hear_server(&mut self, reach: &mut Reach<'_>, index: u64) -> Result<(), Broken> {
        let Some(upstream) = &mut self.upstream else {
            return Ok(());
        };
        let result = write(&upstream.socket, &mut upstream.to_send).and_then(|()| {
            match upstream.to_send.is_empty() {
                true => read(&upstream.socket, &mut upstream.received),
                false => Ok(false),
            }
        });
        if let Some(answer) = take_message(&mut upstream.received) {
            self.last = Instant::now();
            self.end_upstream(reach.poll);
            self.answer(&answer);
            return Ok(());
        }
        if !matches!(result, Ok(false)) {
            let Upstream {
                question, others, ..
            } = self.end_upstream(reach.poll).ok_or(Broken)?;
            self.ask(reach, index, question, others);
        }
        Ok(())
    }

    /// Answers what has been asked, as far as nobody else has to be asked.
    fn advance(
        &mut self,
        reach: &mut Reach<'_>,
        table: &mut NameTable,
        index: u64,
    ) -> Result<(), Broken> {
        while self.upstream.is_none()
            && let Some(message) = take_message(&mut self.received)
        {
            match table.reply(self.sandbox, &message, Transport::Stream) {
                Reply::Answer(answer) => self.answer(&answer),
                Reply::Ask(servers) => {
                    let servers = match servers.is_empty() {
                        true => reach.host_servers(),
                        false => servers,
                    };
                    self.ask(reach, index, message, servers.into());
                }
                Reply::Ignore => return Err(Broken),
            }
        }
        write(&self.client, &mut self.to_send)
    }

    /// Asks the first of the servers that can be asked, or answers that nobody knows.
    fn ask(
        &mut self,
        reach: &mut Reach<'_>,
        index: u64,
        question: Vec<u8>,
        mut servers: VecDeque<IpAddr>,
    ) {
        if question.len() < HEADER {
            return;
        }
        while let Some(server) = servers.pop_front() {
            if let Ok(socket) = reach.connect((server, PORT).into()) {
                self.upstream = Some(Upstream {
                    to_send: with_length(&question),
                    question,
                    others: servers,
                    socket: Watched::new(socket, token(Owner::NameStreams, index, true)),
                    received: Vec::new(),
                });
                return;
            }
        }
        self.answer(&failure(question));
    }

    fn end_upstream(&mut self, poll: &Poll) -> Option<Upstream> {
        let mut upstream = self.upstream.take()?;
        let _ = upstream.socket.watch(poll, None);
        Some(upstream)
    }

    fn answer(&mut self, message: &[u8]) {
        self.to_send.extend(with_length(message));
    }
}

/// The first whole message of those that were received.
fn take_message(received: &mut Vec<u8>) -> Option<Vec<u8>> {
    let [high, low, ..] = received[..] else {
        return None;
    };
    let end = 2 + usize::from(u16::from_be_bytes([high, low]));
    let message = received.get(2..end)?.to_vec();
    received.drain(..end);
    Some(message)
}

fn with_length(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let message = &message[..usize::from(length)];
    [&length.to_be_bytes(), message].concat()
}

/// Sends what the socket takes.
fn write(socket: &Watched, bytes: &mut Vec<u8>) -> Result<(), Broken> {
    while !bytes.is_empty() {
        match send(socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(count) => drop(bytes.drain(..count)),
            Err(Errno::AGAIN) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(_) => return Err(Broken),
        }
    }
    Ok(())
}

/// Whether there was the end.
fn read(socket: &Watched, bytes: &mut Vec<u8>) -> Result<bool, Broken> {
    let mut buffer = [0_u8; 4096];
    while bytes.len() < AT_ONCE {
        match recv(socket, &mut buffer[..], RecvFlags::DONTWAIT) {
            Ok((_, 0)) => return Ok(true),
            Ok((_, length)) => bytes.extend(&buffer[..length]),
            Err(Errno::AGAIN) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(_) => return Err(Broken),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart_by_their_lengths() {
        let mut received = [with_length(b"one"), with_length(b""), with_length(b"three")].concat();
        received.pop();
        assert_eq!(take_message(&mut received), Some(b"one".to_vec()));
        assert_eq!(take_message(&mut received), Some(Vec::new()));
        assert_eq!(take_message(&mut received), None);
        received.push(b'e');
        assert_eq!(take_message(&mut received), Some(b"three".to_vec()));
        assert_eq!(take_message(&mut received), None);
    }
}
