//! The zygote's state and event loop: it receives requests, forks, and reaps.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use protocol::VERSION;
use protocol::failure::{Failure, FailureKind};
use protocol::zygote::{FromZygote, Mapping};
use rustix::fs::{AtFlags, unlinkat};
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use sandbox::host::Host;
use sys::event::{Event, Interest, Poll};
use sys::seqpacket;
use sys::signals;
use sys::watched::Watched;

use crate::messages;
use crate::zygote::children::{Children, Left};
use crate::zygote::net_helper::{Handover, NetHelper};
use crate::zygote::prepared::{PrepareSide, PreparedResources};
use crate::zygote::prepared_network::HeldNetwork;
use crate::zygote::run_directory;
use crate::zygote::tasks::{Outcome, Task};

pub const LISTENER: u64 = 0;
const SIGNALS: u64 = 1;
const PREPARER: u64 = 2;
pub const NET_HELPER: u64 = 3;
const FIRST_FREE: u64 = 16;

/// Daemons that may be connected.
const MOST_CONNECTIONS: usize = 64;

/// Time after which a zygote without children and daemons ends.
const IDLE: Duration = Duration::from_secs(30);

/// Time until the next attempt to accept connections after a failure.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
/// Sent by a daemon that finds the run directory without the zygote's socket.
const SIGUSR1: i32 = 10;
const SIGTERM: i32 = 15;
const SIGCHLD: i32 = 17;

pub struct Connection {
    pub socket: OwnedFd,
    token: u64,
}

pub struct Zygote {
    pub host: Host,
    pub store: OwnedFd,
    pub run: OwnedFd,
    pub mapping: Mapping,
    pub cgroup_namespace: bool,
    pub poll: Poll,
    pub signals: OwnedFd,
    /// The listener and the lock are `None` once the zygote is shut down.
    pub listener: Option<Watched>,
    pub lock: Option<OwnedFd>,
    /// False after accepting a connection has failed, for example for lack of descriptors.
    accepting: bool,
    pub connections: Vec<Connection>,
    next_token: u64,
    pub children: Children,
    pub prepared: PreparedResources,
    pub net_helper: NetHelper,
    /// A listening socket that daemons share, with its name in the run directory.
    pub shared: Option<(String, OwnedFd)>,
    /// The last time with a child or a daemon.
    idle_since: Instant,
}

impl Zygote {
    /// Creates the listening socket. [`Zygote::serve`] accepts connections.
    pub fn create(
        host: Host,
        store: OwnedFd,
        run: OwnedFd,
        mapping: Mapping,
        lock: OwnedFd,
        handover: Option<Handover>,
    ) -> Result<Self, Failure> {
        let explain = |call| move |errno| Failure::of_call("zygote", call, errno);
        let poll = Poll::create().map_err(explain("epoll"))?;
        let signals = signals::descriptor([SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1])
            .map_err(explain("signalfd"))?;
        poll.add(&signals, SIGNALS, Interest::READ)
            .map_err(explain("epoll"))?;
        let listener = run_directory::listen(&poll, &run, &socket_name(), LISTENER)?;
        let mut net_helper = NetHelper::default();
        if let Some(handover) = handover {
            net_helper.adopt(&poll, handover, NET_HELPER);
        }
        Ok(Self {
            cgroup_namespace: std::fs::symlink_metadata("/proc/self/ns/cgroup").is_ok(),
            host,
            store,
            run,
            mapping,
            poll,
            signals,
            listener: Some(listener),
            lock: Some(lock),
            accepting: true,
            connections: Vec::new(),
            next_token: FIRST_FREE,
            children: Children::create()?,
            prepared: PreparedResources::default(),
            net_helper,
            shared: None,
            idle_since: Instant::now(),
        })
    }

    /// Runs until the zygote ends. In a fork, it returns at once and closes everything that the fork does not need.
    pub fn serve(mut self) -> Outcome {
        let mut events = Vec::new();
        loop {
            if self.is_finished() {
                self.net_helper.end();
                return Outcome::Ended;
            }
            self.watch_listener();
            if self.listener.is_some() {
                let prepared = &mut self.prepared;
                match prepared.prepare(&self.poll, PREPARER, &mut self.net_helper) {
                    Some(PrepareSide::Preparer(preparation)) => {
                        return self.into_outcome(Task::Preparer(preparation));
                    }
                    Some(PrepareSide::Zygote(pid)) => self.children.add_preparer(pid),
                    None => {}
                }
                if let Some(standby) = self.prepared.fork_standby() {
                    return self.into_outcome(Task::StandbyMonitor(standby));
                }
            }
            let timeout = self.timeout();
            if self.poll.wait(&mut events, timeout).is_err() {
                return Outcome::Ended;
            }
            self.accepting = true;
            // Daemons first: a start does not wait for the end of an earlier container to be handled.
            events.sort_by_key(|event| event.token < FIRST_FREE);
            for event in &events {
                if let Some(task) = self.dispatch(*event) {
                    return self.into_outcome(task);
                }
            }
        }
    }

    fn is_finished(&mut self) -> bool {
        if !self.children.is_empty() || !self.connections.is_empty() {
            self.idle_since = Instant::now();
            return false;
        }
        if self.listener.is_some() && self.idle_since.elapsed() >= IDLE {
            self.shut_down();
        }
        self.listener.is_none()
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.accepting {
            return Some(ACCEPT_RETRY);
        }
        let idle = self.children.is_empty() && self.connections.is_empty();
        let end = idle.then(|| IDLE.saturating_sub(self.idle_since.elapsed()));
        // A zygote that is shut down prepares nothing, so that work is never done and must not wake it.
        let work = self
            .listener
            .is_some()
            .then(|| self.prepared.due(&self.net_helper))
            .flatten();
        end.into_iter().chain(work).min()
    }

    /// Handles an event. Returns the task in a fork.
    fn dispatch(&mut self, event: Event) -> Option<Task> {
        match event.token {
            LISTENER => self.accept(),
            SIGNALS => self.take_signals(),
            PREPARER => {
                let helper = &mut self.net_helper;
                for namespace in self.prepared.receive(&self.poll, helper) {
                    self.inform(&FromZygote::Traced { namespace });
                }
            }
            NET_HELPER => {
                self.net_helper.receive(&self.poll);
                for network in self.net_helper.take_released() {
                    self.prepared.retire(network);
                }
            }
            token => return self.serve_connection(token),
        }
        None
    }

    fn take_signals(&mut self) {
        while let Ok(Some(number)) = signals::read(self.signals.as_fd()) {
            match number {
                SIGCHLD => {
                    self.prepared.note_end();
                    for left in self.children.reap(&self.host) {
                        self.take_back(left);
                    }
                }
                SIGUSR1 => {
                    let _ = self.listen_again();
                }
                _ => self.shut_down(),
            }
        }
    }

    /// Takes back what an ended container has left.
    fn take_back(&mut self, left: Left) {
        if let Some(overlay) = left.overlay {
            self.prepared.overlays.add(overlay);
        }
        let isolated = left.isolated;
        match left.network {
            None => {}
            Some(HeldNetwork::Prepared(network)) => self.prepared.take_back(network, isolated),
            Some(HeldNetwork::OnBridges(namespace, mut traces)) => {
                let unused = isolated && traces.are_unchanged();
                if unused && self.net_helper.give_back(namespace, traces) {
                    self.inform(&FromZygote::Unused { namespace });
                }
            }
        }
    }

    /// Sends a message to every daemon. One that has no room for the message uses the namespace for one container only.
    fn inform(&self, message: &FromZygote) {
        for connection in &self.connections {
            let _ = messages::send(connection.socket.as_fd(), message);
        }
    }

    /// Stops accepting requests. Another zygote can take over at once.
    pub fn shut_down(&mut self) {
        if self.listener.take().is_some() {
            let _ = unlinkat(&self.run, socket_name(), AtFlags::empty());
        }
        if let Some((name, _)) = self.shared.take() {
            let _ = unlinkat(&self.run, name, AtFlags::empty());
        }
        self.lock = None;
        self.prepared.dismiss_standby();
        self.children.forget_overlays();
        self.children.kill_preparers();
        // A client that looks for a zygote by its name does not wait for this one.
        let _ = rustix::thread::set_name(c"tbox-ending");
        self.connections.clear();
    }

    fn accept(&mut self) {
        while let Some(listener) = &self.listener {
            match seqpacket::accept(listener.as_fd(), false) {
                Ok(socket) => self.add_connection(socket),
                Err(seqpacket::Error::WouldBlock) => return,
                Err(_) => {
                    self.accepting = false;
                    return;
                }
            }
        }
    }

    fn add_connection(&mut self, socket: OwnedFd) {
        let own = socket_peercred(&socket).is_ok_and(|peer| peer.uid == geteuid());
        self.next_token += 1;
        let token = self.next_token;
        if own
            && self.connections.len() < MOST_CONNECTIONS
            && self.poll.add(&socket, token, Interest::READ).is_ok()
        {
            self.connections.push(Connection { socket, token });
        }
    }

    fn watch_listener(&mut self) {
        let interest = self.accepting.then_some(Interest::READ);
        if let Some(listener) = &mut self.listener {
            let _ = listener.watch(&self.poll, interest);
        }
    }

    fn serve_connection(&mut self, token: u64) -> Option<Task> {
        let index = self.connections.iter().position(|c| c.token == token)?;
        let received = seqpacket::receive_ready(self.connections[index].socket.as_fd());
        let result = match received {
            Ok(Some(received)) => self.handle(index, received),
            Err(seqpacket::Error::WouldBlock) => Ok(None),
            Ok(None) => {
                self.connections.remove(index);
                Ok(None)
            }
            Err(error) => Err(Failure::new(FailureKind::InvalidArgument, "message", error)),
        };
        result.unwrap_or_else(|failure| {
            if index < self.connections.len() {
                let connection = self.connections.remove(index);
                let _ = messages::send(connection.socket.as_fd(), &FromZygote::Refused(failure));
            }
            None
        })
    }
}

pub fn socket_name() -> String {
    format!("zygote-{VERSION}.sock")
}
