//! Questions over TCP: each message follows its length in two bytes (RFC 1035, section 4.2.2).

use std::collections::VecDeque;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use sys::event::{Interest, Poll};
use sys::watched::Watched;

use super::message::{Transport, server_failure};
use super::question::HEADER;
use super::table::{NameTable, Reply};
use super::upstream::Upstream;
use crate::descriptor_budget::{DescriptorBudget, Share};
use crate::event_token::EventSource;
use crate::flows::{Flow, FlowOwner, FlowTokens, Flows, Limits, NoKey, WhenFull};

const LIMITS: Limits = Limits {
    total: 4096,
    // A container that needs more has forgotten to close some.
    per_container: 64,
    when_full: WhenFull::Refuse,
    // For a silent client, and for a server that does not answer.
    idle: Some(Duration::from_secs(10)),
};

/// Bytes read from a connection before its questions are answered: more than the longest message.
const BATCH: usize = 80 * 1024;

/// A client's question, and the connection to the server that is asked.
#[derive(Debug)]
struct Forwarded {
    question: Vec<u8>,
    other_servers: VecDeque<IpAddr>,
    socket: Watched,
    to_send: Vec<u8>,
    received: Vec<u8>,
}

/// A container's TCP connection to the name server.
#[derive(Debug)]
struct Stream {
    namespace: u64,
    tokens: FlowTokens,
    client: Watched,
    received: Vec<u8>,
    to_send: Vec<u8>,
    /// The question that was forwarded to a server. The client is not read until the answer arrives.
    forwarded: Option<Forwarded>,
    /// Whether the client has closed its side.
    ended: bool,
}

#[derive(Debug)]
pub struct NameStreams(Flows<NoKey, Stream>);

/// A connection that is of no more use.
#[derive(Debug)]
struct Broken;

impl From<Errno> for Broken {
    fn from(_: Errno) -> Self {
        Self
    }
}

impl NameStreams {
    pub fn new(budget: DescriptorBudget) -> Self {
        let limits = LIMITS.within(budget, Share::NameStreams);
        Self(Flows::new(EventSource::NameStreams, limits))
    }

    pub fn add(&mut self, poll: &Poll, namespace: u64, client: OwnedFd) {
        let owner = FlowOwner::Namespace(namespace);
        self.0.open(poll, owner, None, |tokens| {
            Ok(Stream {
                namespace,
                tokens,
                client: Watched::new(client, tokens.first),
                received: Vec::new(),
                to_send: Vec::new(),
                forwarded: None,
                ended: false,
            })
        });
    }

    /// Continues a connection after its client, or the server that is asked for it, has become ready.
    pub fn ready(
        &mut self,
        upstream: &mut Upstream<'_, '_>,
        table: &mut NameTable,
        id: u64,
        server: bool,
    ) {
        let Some(stream) = self.0.use_flow(id) else {
            return;
        };
        let result = match server {
            false => stream.client_ready(),
            true => stream.server_ready(upstream),
        };
        let result = result
            .and_then(|()| stream.answer_questions(upstream, table))
            .and_then(|()| Ok(stream.watch(upstream.poll())?));
        if result.is_err() || stream.is_over() {
            self.0.close(id);
        }
    }

    pub fn remove(&mut self, namespace: u64) {
        self.0.close_owner(FlowOwner::Namespace(namespace));
    }

    /// Closes idle connections.
    pub fn expire(&mut self) {
        self.0.expire();
    }
}

impl Flow for Stream {
    /// Registers each socket for its next step only.
    fn watch(&mut self, poll: &Poll) -> Result<(), Errno> {
        let mut interest = Interest::empty();
        interest.set(Interest::WRITE, !self.to_send.is_empty());
        interest.set(Interest::READ, self.wants_questions());
        self.client
            .watch(poll, (!interest.is_empty()).then_some(interest))?;
        let Some(forwarded) = &mut self.forwarded else {
            return Ok(());
        };
        let interest = match forwarded.to_send.is_empty() {
            true => Interest::READ,
            false => Interest::WRITE,
        };
        forwarded.socket.watch(poll, Some(interest))
    }
}

impl Stream {
    fn is_over(&self) -> bool {
        self.ended && self.forwarded.is_none() && self.to_send.is_empty()
    }

    fn wants_questions(&self) -> bool {
        self.forwarded.is_none() && self.to_send.is_empty() && !self.ended
    }

    fn client_ready(&mut self) -> Result<(), Broken> {
        write(&self.client, &mut self.to_send)?;
        if self.wants_questions() {
            self.ended = read(&self.client, &mut self.received)?;
        }
        Ok(())
    }

    fn server_ready(&mut self, upstream: &mut Upstream<'_, '_>) -> Result<(), Broken> {
        let Some(forwarded) = &mut self.forwarded else {
            return Ok(());
        };
        let result =
            write(&forwarded.socket, &mut forwarded.to_send).and_then(|()| {
                match forwarded.to_send.is_empty() {
                    true => read(&forwarded.socket, &mut forwarded.received),
                    false => Ok(false),
                }
            });
        if let Some(answer) = take_message(&mut forwarded.received) {
            self.forwarded = None;
            self.answer(&answer);
            return Ok(());
        }
        if !matches!(result, Ok(false)) {
            let Forwarded {
                question,
                other_servers,
                ..
            } = self.forwarded.take().ok_or(Broken)?;
            self.ask(upstream, question, other_servers);
        }
        Ok(())
    }

    /// Answers the received questions up to the first one that must be forwarded.
    fn answer_questions(
        &mut self,
        upstream: &mut Upstream<'_, '_>,
        table: &mut NameTable,
    ) -> Result<(), Broken> {
        while self.forwarded.is_none()
            && let Some(message) = take_message(&mut self.received)
        {
            match table.reply(self.namespace, &message, Transport::Stream) {
                Reply::Answer(answer) => self.answer(&answer),
                Reply::Forward(servers) => {
                    let servers = upstream.servers(&servers);
                    self.ask(upstream, message, servers.into());
                }
                Reply::Ignore => return Err(Broken),
            }
        }
        write(&self.client, &mut self.to_send)
    }

    /// Asks the first server that can be connected to, or answers with a failure.
    fn ask(
        &mut self,
        upstream: &mut Upstream<'_, '_>,
        question: Vec<u8>,
        mut servers: VecDeque<IpAddr>,
    ) {
        if question.len() < HEADER {
            return;
        }
        while let Some(server) = servers.pop_front() {
            if let Ok(socket) = upstream.connect_tcp(server) {
                self.forwarded = Some(Forwarded {
                    to_send: with_length(&question),
                    question,
                    other_servers: servers,
                    socket: Watched::new(socket, self.tokens.second),
                    received: Vec::new(),
                });
                return;
            }
        }
        self.answer(&server_failure(question));
    }

    fn answer(&mut self, message: &[u8]) {
        self.to_send.extend(with_length(message));
    }
}

/// Takes the first complete message from the received bytes.
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

/// Sends as many bytes as the socket takes.
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

/// Reads the available bytes. Returns whether the peer has closed its side.
fn read(socket: &Watched, bytes: &mut Vec<u8>) -> Result<bool, Broken> {
    let mut buffer = [0_u8; 4096];
    while bytes.len() < BATCH {
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
    fn messages_are_separated_by_their_lengths() {
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
