//! Questions that arrived in datagrams and are forwarded to DNS servers.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use sys::event::{Interest, Poll};
use sys::watched::Watched;

use super::message::{is_response_to, server_failure};
use super::upstream::Upstream;
use crate::descriptor_budget::{DescriptorBudget, Share};
use crate::event_token::EventSource;
use crate::flows::{Flow, FlowOwner, Flows, Limits, NoKey, WhenFull};

const LIMITS: Limits = Limits {
    total: 2048,
    per_container: 1024,
    // A container that floods the server would cost a socket for each question.
    when_full: WhenFull::Refuse,
    // A server's time to answer. Then the next server is asked.
    idle: Some(Duration::from_secs(2)),
};

/// Servers that are asked for one question, one after the other.
const ATTEMPTS: usize = 4;

/// Maximum number of questions that are asked again before the helper handles other events.
const RETRIED_AT_ONCE: usize = 8;

/// A container's question.
#[derive(Debug)]
pub struct Question {
    pub namespace: u64,
    pub client: SocketAddr,
    /// At least a header.
    pub message: Vec<u8>,
    /// The container's own servers; empty for the host's.
    pub servers: Vec<IpAddr>,
}

/// The answer to a container's question.
#[derive(Debug)]
pub struct Answered {
    pub namespace: u64,
    pub client: SocketAddr,
    pub message: Vec<u8>,
}

impl Question {
    fn answered(self, message: Vec<u8>) -> Answered {
        Answered {
            namespace: self.namespace,
            client: self.client,
            message,
        }
    }
}

/// A question that was sent to a server.
#[derive(Debug)]
struct Forwarded {
    question: Question,
    attempts: usize,
    server: Watched,
}

impl Flow for Forwarded {
    fn watch(&mut self, poll: &Poll) -> Result<(), Errno> {
        self.server.watch(poll, Some(Interest::READ))
    }
}

#[derive(Debug)]
pub struct Questions(Flows<NoKey, Forwarded>);

impl Questions {
    pub fn new(budget: DescriptorBudget) -> Self {
        let limits = LIMITS.within(budget, Share::NameQuestions);
        Self(Flows::new(EventSource::NameQuestions, limits))
    }

    /// Returns whether the container may have another question forwarded. Other questions are dropped; their senders repeat them.
    pub fn has_room(&self, namespace: u64) -> bool {
        self.0.has_room(FlowOwner::Namespace(namespace))
    }

    /// Asks the first server. Returns an answer only when no server can be asked.
    pub fn ask(&mut self, upstream: &mut Upstream<'_, '_>, question: Question) -> Option<Answered> {
        self.ask_next(upstream, question, 0)
    }

    fn ask_next(
        &mut self,
        upstream: &mut Upstream<'_, '_>,
        question: Question,
        mut attempts: usize,
    ) -> Option<Answered> {
        let owner = FlowOwner::Namespace(question.namespace);
        while attempts < ATTEMPTS {
            let servers = upstream.servers(&question.servers);
            let server = servers[attempts % servers.len()];
            attempts += 1;
            let sent = upstream.connect_udp(server).and_then(|socket| {
                send(&socket, &question.message, SendFlags::DONTWAIT).map(|_| socket)
            });
            let Ok(socket) = sent else {
                continue;
            };
            self.0.open(upstream.poll(), owner, None, |tokens| {
                Ok(Forwarded {
                    question,
                    attempts,
                    server: Watched::new(socket, tokens.first),
                })
            });
            return None;
        }
        let failure = server_failure(question.message.clone());
        Some(question.answered(failure))
    }

    /// Reads a server's answer. If the server refuses, asks the next one.
    pub fn ready(
        &mut self,
        upstream: &mut Upstream<'_, '_>,
        id: u64,
        buffer: &mut [u8],
    ) -> Option<Answered> {
        let forwarded = self.0.get(id)?;
        match recv(&forwarded.server, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((_, length)) => {
                let answer = &buffer[..length];
                if !is_response_to(answer, &forwarded.question.message) {
                    return None;
                }
                let answer = answer.to_vec();
                Some(self.0.close(id)?.question.answered(answer))
            }
            Err(Errno::AGAIN | Errno::INTR) => None,
            // The server's machine has no listener at the port.
            Err(_) => {
                let Forwarded {
                    question, attempts, ..
                } = self.0.close(id)?;
                self.ask_next(upstream, question, attempts)
            }
        }
    }

    /// Asks the next server for a few questions without an answer. Returns the responses to questions for which no server
    /// is left.
    pub fn retry_late(&mut self, upstream: &mut Upstream<'_, '_>) -> Vec<Answered> {
        let late = self.0.expire_some(RETRIED_AT_ONCE).into_iter();
        late.filter_map(|one| self.ask_next(upstream, one.question, one.attempts))
            .collect()
    }

    /// Returns the time until [`Questions::retry_late`] has a question to ask again.
    pub fn next_retry(&self) -> Option<Duration> {
        self.0.next_expiry()
    }

    pub fn remove(&mut self, namespace: u64) {
        self.0.close_owner(FlowOwner::Namespace(namespace));
    }
}
