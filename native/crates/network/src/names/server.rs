//! The name server: listeners in the containers' network namespaces, and answers from the table or from other servers.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use protocol::net;
use rustix::io::Errno;
use sys::event::{Interest, Poll};
use sys::inet;

use super::host_resolver::{HostResolver, ResolvConf};
use super::message::Transport;
use super::questions::{Answered, Question, Questions};
use super::streams::NameStreams;
use super::table::{NameTable, Reply};
pub use super::upstream::NetworkAccess;
use super::upstream::Upstream;
use crate::descriptor_budget::DescriptorBudget;
use crate::event_token::{EventSource, EventToken};
use crate::sockets::{self, SpareDescriptor};

/// Size of the longest message.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// Questions read from one listener before the others have their turn.
const BATCH: usize = 4;

/// The sockets to which a container sends its questions.
#[derive(Debug)]
pub struct Listeners {
    pub udp: OwnedFd,
    pub tcp: OwnedFd,
}

#[derive(Debug)]
pub struct NameServer {
    host: HostResolver,
    table: NameTable,
    listeners: HashMap<u64, Listeners>,
    questions: Questions,
    streams: NameStreams,
    spare: SpareDescriptor,
    buffer: Vec<u8>,
}

impl NameServer {
    /// Creates a server that forwards questions to the servers in the host's `resolv_conf`.
    pub fn new(resolv_conf: Box<dyn ResolvConf>, budget: DescriptorBudget) -> Self {
        Self {
            host: HostResolver::new(resolv_conf),
            table: NameTable::default(),
            listeners: HashMap::new(),
            questions: Questions::new(budget),
            streams: NameStreams::new(budget),
            spare: SpareDescriptor::default(),
            buffer: vec![0; LONGEST_MESSAGE],
        }
    }

    /// Replaces the names of a container, whose namespace may not exist yet.
    pub fn set(&mut self, names: net::Names) {
        self.table.set(names);
    }

    /// Serves a container's network namespace.
    pub fn add(&mut self, poll: &Poll, namespace: u64, listeners: Listeners) -> Result<(), Errno> {
        for (socket, second) in [(&listeners.udp, false), (&listeners.tcp, true)] {
            let token = EventToken {
                source: EventSource::NameListeners,
                index: namespace,
                second,
            };
            poll.add(socket, token.encode(), Interest::READ)?;
        }
        self.listeners.insert(namespace, listeners);
        Ok(())
    }

    pub fn remove(&mut self, namespace: u64) {
        self.table.remove(namespace);
        self.listeners.remove(&namespace);
        self.questions.remove(namespace);
        self.streams.remove(namespace);
    }

    /// Reads the questions that wait at a container's UDP listener.
    pub fn receive(&mut self, access: &mut NetworkAccess<'_>, namespace: u64) {
        for _ in 0..BATCH {
            let Some(listeners) = self.listeners.get(&namespace) else {
                return;
            };
            let Ok(datagram) = inet::receive(listeners.udp.as_fd(), &mut self.buffer) else {
                return;
            };
            let message = &self.buffer[..datagram.length];
            let client = datagram.source;
            match self.table.reply(namespace, message, Transport::Datagram) {
                Reply::Answer(answer) => {
                    let _ = inet::send(listeners.udp.as_fd(), &answer, client, None);
                }
                Reply::Forward(servers) if self.questions.has_room(namespace) => {
                    let question = Question {
                        namespace,
                        client,
                        message: message.to_vec(),
                        servers,
                    };
                    let mut upstream = Upstream {
                        access,
                        host: &mut self.host,
                    };
                    let answered = self.questions.ask(&mut upstream, question);
                    answered.iter().for_each(|answered| self.send(answered));
                }
                Reply::Forward(_) | Reply::Ignore => {}
            }
        }
    }

    /// Accepts the connections that wait at a container's TCP listener.
    pub fn accept(&mut self, poll: &Poll, namespace: u64) {
        for _ in 0..BATCH {
            let Some(listeners) = self.listeners.get(&namespace) else {
                return;
            };
            let Ok(Some((socket, _))) = sockets::accept(&listeners.tcp, &self.spare) else {
                return;
            };
            self.streams.add(poll, namespace, socket);
        }
    }

    /// Continues a TCP connection of a container, or of the server that is asked on its behalf.
    pub fn stream_ready(&mut self, access: &mut NetworkAccess<'_>, id: u64, server: bool) {
        let mut upstream = Upstream {
            access,
            host: &mut self.host,
        };
        self.streams
            .ready(&mut upstream, &mut self.table, id, server);
    }

    /// Passes a server's answer to the container.
    pub fn question_ready(&mut self, access: &mut NetworkAccess<'_>, id: u64) {
        let mut upstream = Upstream {
            access,
            host: &mut self.host,
        };
        let answered = self
            .questions
            .ready(&mut upstream, id, self.buffer.as_mut_slice());
        answered.iter().for_each(|answered| self.send(answered));
    }

    /// Asks other servers for questions without an answer.
    pub fn retry_questions(&mut self, access: &mut NetworkAccess<'_>) {
        let mut upstream = Upstream {
            access,
            host: &mut self.host,
        };
        let answered = self.questions.retry_late(&mut upstream);
        answered.iter().for_each(|answered| self.send(answered));
    }

    /// Returns the time until [`NameServer::retry_questions`] has a question to ask again.
    pub fn next_retry(&self) -> Option<Duration> {
        self.questions.next_retry()
    }

    /// Closes idle TCP connections.
    pub fn expire_streams(&mut self) {
        self.streams.expire();
    }

    fn send(&self, answered: &Answered) {
        if let Some(listeners) = self.listeners.get(&answered.namespace) {
            let udp = listeners.udp.as_fd();
            let _ = inet::send(udp, &answered.message, answered.client, None);
        }
    }
}
