//! Questions about names that containers ask, which the host's resolver answers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use sys::event::{Interest, Poll};
use sys::inet;

use crate::copy::Copies;
use crate::host_resolver::HostResolver;
use crate::sockets;
use crate::tokens::{Owner, token};

const PORT: u16 = 53;

/// Longest answer that travels in a datagram.
const LONGEST: usize = 64 * 1024;

/// A message has a header of this length, whatever follows.
const HEADER: usize = 12;

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

/// A question that a server has been asked.
#[derive(Debug)]
struct Question {
    sandbox: u64,
    client: SocketAddr,
    message: Vec<u8>,
    server: OwnedFd,
    asked: Instant,
    attempts: usize,
}

#[derive(Debug)]
pub struct Names {
    host: HostResolver,
    listeners: HashMap<u64, Listeners>,
    questions: HashMap<u64, Question>,
    next: u64,
    buffer: Vec<u8>,
}

impl Names {
    pub fn new(resolver: &Path) -> Self {
        Self {
            host: HostResolver::new(resolver),
            listeners: HashMap::new(),
            questions: HashMap::new(),
            next: 0,
            buffer: vec![0; LONGEST],
        }
    }

    pub fn add(&mut self, poll: &Poll, sandbox: u64, listeners: Listeners) -> Result<(), Errno> {
        poll.add(
            &listeners.udp,
            token(Owner::Names, sandbox, false),
            Interest::READ,
        )?;
        poll.add(
            &listeners.tcp,
            token(Owner::Names, sandbox, true),
            Interest::READ,
        )?;
        self.listeners.insert(sandbox, listeners);
        Ok(())
    }

    pub fn remove(&mut self, sandbox: u64) {
        self.listeners.remove(&sandbox);
        self.questions
            .retain(|_, question| question.sandbox != sandbox);
    }

    /// How long until [`Names::tend`] has something to do.
    pub fn due(&self) -> Option<Duration> {
        let first = self
            .questions
            .values()
            .map(|question| question.asked)
            .min()?;
        Some((first + PATIENCE).saturating_duration_since(Instant::now()))
    }

    /// Takes what a container asks, by datagram or by connection.
    pub fn ready(&mut self, poll: &Poll, copies: &mut Copies, sandbox: u64, stream: bool) {
        for _ in 0..AT_ONCE {
            let Some(listeners) = self.listeners.get(&sandbox) else {
                return;
            };
            if stream {
                let Ok(Some((socket, _))) = sockets::accept(&listeners.tcp) else {
                    return;
                };
                let server = self.host.servers().first().copied();
                match server.map(|server| sockets::connect_tcp((server, PORT).into())) {
                    Some(Ok(server)) => copies.add(poll, socket, server),
                    _ => sockets::break_off(socket),
                }
                continue;
            }
            let Ok(datagram) = inet::receive(listeners.udp.as_fd(), &mut self.buffer) else {
                return;
            };
            if datagram.length >= HEADER {
                let message = self.buffer[..datagram.length].to_vec();
                self.ask(poll, sandbox, datagram.source, message, 0);
            }
        }
    }

    /// Asks the next server, or answers that nobody knows.
    fn ask(
        &mut self,
        poll: &Poll,
        sandbox: u64,
        client: SocketAddr,
        message: Vec<u8>,
        mut attempts: usize,
    ) {
        while attempts < ATTEMPTS {
            let servers = self.host.servers();
            let server = servers[attempts % servers.len()];
            attempts += 1;
            let Ok(server) = sockets::connect_udp((server, PORT).into()) else {
                continue;
            };
            let index = self.next;
            self.next += 1;
            let asked = send(&server, &message, SendFlags::DONTWAIT).and_then(|_| {
                poll.add(
                    &server,
                    token(Owner::Questions, index, false),
                    Interest::READ,
                )
            });
            if asked.is_err() {
                continue;
            }
            if self.questions.len() >= MOST {
                let oldest = self
                    .questions
                    .iter()
                    .min_by_key(|(_, question)| question.asked);
                if let Some(oldest) = oldest.map(|(index, _)| *index) {
                    self.questions.remove(&oldest);
                }
            }
            let question = Question {
                sandbox,
                client,
                message,
                server,
                asked: Instant::now(),
                attempts,
            };
            self.questions.insert(index, question);
            return;
        }
        if let Some(listeners) = self.listeners.get(&sandbox) {
            let _ = inet::send(listeners.udp.as_fd(), &failure(message), client, None);
        }
    }

    /// Passes a server's answer on.
    pub fn answered(&mut self, poll: &Poll, index: u64) {
        let Some(question) = self.questions.get(&index) else {
            return;
        };
        match recv(
            &question.server,
            self.buffer.as_mut_slice(),
            RecvFlags::DONTWAIT,
        ) {
            Ok((_, length)) => {
                let answer = &self.buffer[..length];
                if !answers(answer, &question.message) {
                    return;
                }
                if let Some(listeners) = self.listeners.get(&question.sandbox) {
                    let _ = inet::send(listeners.udp.as_fd(), answer, question.client, None);
                }
                self.questions.remove(&index);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            // Nobody listens there.
            Err(_) => self.ask_another(poll, index),
        }
    }

    /// Asks others what has not been answered in time.
    pub fn tend(&mut self, poll: &Poll) {
        let late: Vec<u64> = self
            .questions
            .iter()
            .filter(|(_, question)| question.asked.elapsed() >= PATIENCE)
            .map(|(index, _)| *index)
            .collect();
        for index in late {
            self.ask_another(poll, index);
        }
    }

    fn ask_another(&mut self, poll: &Poll, index: u64) {
        if let Some(question) = self.questions.remove(&index) {
            let Question {
                sandbox,
                client,
                message,
                attempts,
                ..
            } = question;
            self.ask(poll, sandbox, client, message, attempts);
        }
    }
}

/// Whether a message is an answer, and to this question.
fn answers(answer: &[u8], question: &[u8]) -> bool {
    answer.len() >= HEADER && answer[..2] == question[..2] && answer[2] & 0x80 != 0
}

/// The question, marked as an answer: the server failed.
fn failure(mut question: Vec<u8>) -> Vec<u8> {
    question[2] |= 0x80;
    question[3] = question[3] & 0x70 | 0x80 | 2;
    question
}
