//! The zygote's loop: it takes requests, forks, and buries.

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

use crate::failure;
use crate::messages;
use crate::monitor;
use crate::net;
use crate::worker;
use crate::zygote::family::Family;
use crate::zygote::maker::Commission;
use crate::zygote::net_helper::{NetHelper, Taken};
use crate::zygote::ready::{Ready, Tended};

const LISTENER: u64 = 0;
const SIGNALS: u64 = 1;
const MAKER: u64 = 2;
pub(super) const NET_HELPER: u64 = 3;
const FIRST_FREE: u64 = 16;

const MOST_CONNECTIONS: usize = 64;

/// How long a zygote without children waits for a daemon.
const IDLE: Duration = Duration::from_secs(30);

/// How long connections wait when none could be taken.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;
const SIGCHLD: i32 = 17;

/// How the loop ended, and in which process: the zygote's own end, or the task of a fork.
pub enum Outcome {
    Ended,
    Monitor {
        host: Host,
        order: monitor::Order,
    },
    /// One that was made ahead.
    Spare {
        host: Host,
        channel: OwnedFd,
    },
    Maker {
        host: Host,
        commission: Commission,
    },
    Exec {
        host: Host,
        order: monitor::ExecOrder,
    },
    Net {
        mapping: Mapping,
        order: net::Order,
    },
    Worker {
        host: Host,
        store: OwnedFd,
        mapping: Mapping,
        order: Box<worker::Order>,
    },
}

/// What a fork is for.
pub(super) enum Task {
    Monitor(monitor::Order),
    /// Its channel.
    Spare(OwnedFd),
    Maker(Commission),
    Exec(monitor::ExecOrder),
    /// The helper's end of its channel, and the daemon's.
    Net(OwnedFd, OwnedFd),
    Worker(Box<worker::Order>),
}

pub(super) struct Connection {
    pub(super) socket: OwnedFd,
    token: u64,
}

pub struct Zygote {
    host: Host,
    store: OwnedFd,
    run: OwnedFd,
    pub(super) mapping: Mapping,
    pub(super) cgroup_namespace: bool,
    pub(super) poll: Poll,
    signals: OwnedFd,
    /// Both nothing once the zygote is to end.
    listener: Option<Watched>,
    lock: Option<OwnedFd>,
    /// False while connections cannot be taken, for want of descriptors.
    accepting: bool,
    pub(super) connections: Vec<Connection>,
    next_token: u64,
    pub(super) family: Family,
    pub(super) ready: Ready,
    pub(super) net_helper: NetHelper,
    /// Since when there has been nobody.
    idle_since: Instant,
}

impl Zygote {
    /// Listens; served is by [`Zygote::serve`].
    pub fn create(
        host: Host,
        store: OwnedFd,
        run: OwnedFd,
        mapping: Mapping,
        lock: OwnedFd,
        taken: Option<Taken>,
    ) -> Result<Self, Failure> {
        let explain = |call| move |errno| failure::system("zygote", call, errno);
        let poll = Poll::create().map_err(explain("epoll"))?;
        let signals = signals::descriptor(&[SIGCHLD, SIGTERM, SIGINT, SIGHUP])
            .map_err(explain("signalfd"))?;
        poll.add(&signals, SIGNALS, Interest::READ)
            .map_err(explain("epoll"))?;
        let listener = seqpacket::listen(run.as_fd(), &socket_name(), 128)
            .map_err(|error| failure::explained(FailureKind::System, "zygote-socket", error))?;
        rustix::io::ioctl_fionbio(&listener, true).map_err(explain("listener"))?;
        let mut listener = Watched::new(listener, LISTENER);
        listener
            .watch(&poll, Some(Interest::READ))
            .map_err(explain("epoll"))?;
        let mut net_helper = NetHelper::default();
        if let Some(taken) = taken {
            net_helper.take(&poll, taken, NET_HELPER);
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
            family: Family::create()?,
            ready: Ready::default(),
            net_helper,
            idle_since: Instant::now(),
        })
    }

    /// Returns in the zygote when it ends, and in every fork at once; all that a fork does not
    /// need is closed there by then.
    pub fn serve(mut self) -> Outcome {
        let mut events = Vec::new();
        loop {
            if self.is_finished() {
                self.net_helper.end();
                return Outcome::Ended;
            }
            self.watch_listener();
            if self.listener.is_some() {
                match self.ready.tend(&self.poll, MAKER) {
                    Some(Tended::Maker(commission)) => {
                        return self.into_outcome(Task::Maker(commission));
                    }
                    Some(Tended::Zygote(pid)) => self.family.add_worker(pid),
                    None => {}
                }
                if let Some(channel) = self.ready.fork_spare() {
                    return self.into_outcome(Task::Spare(channel));
                }
            }
            let timeout = self.timeout();
            if self.poll.wait(&mut events, timeout).is_err() {
                return Outcome::Ended;
            }
            self.accepting = true;
            for event in &events {
                if let Some(task) = self.dispatch(*event) {
                    return self.into_outcome(task);
                }
            }
        }
    }

    fn into_outcome(self, task: Task) -> Outcome {
        match task {
            Task::Monitor(order) => Outcome::Monitor {
                host: self.host,
                order,
            },
            Task::Spare(channel) => Outcome::Spare {
                host: self.host,
                channel,
            },
            Task::Maker(commission) => Outcome::Maker {
                host: self.host,
                commission,
            },
            Task::Exec(order) => Outcome::Exec {
                host: self.host,
                order,
            },
            Task::Net(helper, daemon) => Outcome::Net {
                mapping: self.mapping,
                order: self.net_helper.order(helper, self.run, daemon),
            },
            Task::Worker(order) => Outcome::Worker {
                host: self.host,
                store: self.store,
                mapping: self.mapping,
                order,
            },
        }
    }

    fn is_finished(&mut self) -> bool {
        if !self.family.is_empty() || !self.connections.is_empty() {
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
            return Some(ACCEPT_AGAIN);
        }
        let idle = self.family.is_empty() && self.connections.is_empty();
        let end = idle.then(|| IDLE.saturating_sub(self.idle_since.elapsed()));
        end.into_iter().chain(self.ready.due()).min()
    }

    /// A task if this is the fork that is to do it.
    fn dispatch(&mut self, event: Event) -> Option<Task> {
        match event.token {
            LISTENER => self.accept(),
            SIGNALS => self.take_signals(),
            MAKER => self.ready.receive(&self.poll),
            NET_HELPER => {
                self.net_helper.receive(&self.poll);
                for network in self.net_helper.take_released() {
                    self.ready.retire(network);
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
                    for network in self.family.reap(&self.host) {
                        self.ready.retire(network);
                    }
                }
                _ => self.shut_down(),
            }
        }
    }

    /// Stops taking requests, and lets another zygote take over at once.
    pub(super) fn shut_down(&mut self) {
        if self.listener.take().is_some() {
            let _ = unlinkat(&self.run, socket_name(), AtFlags::empty());
        }
        self.lock = None;
        self.ready.dismiss_spare();
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
            Ok(Some(received)) => self.obey(index, received),
            Err(seqpacket::Error::WouldBlock) => Ok(None),
            Ok(None) => {
                self.connections.remove(index);
                Ok(None)
            }
            Err(error) => Err(failure::explained(
                FailureKind::InvalidArgument,
                "message",
                error,
            )),
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

fn socket_name() -> String {
    format!("zygote-{VERSION}.sock")
}
