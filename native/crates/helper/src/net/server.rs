//! The net helper's state and event loop.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use network::bridge_namespace::{self, SocketFactory, SocketKind};
use network::bridges::Bridges;
use network::descriptor_budget::DescriptorBudget;
use network::event_token::{EventSource, EventToken};
use network::forwarding::outgoing_tcp::OutgoingTcp;
use network::forwarding::outgoing_udp::OutgoingUdp;
use network::forwarding::published_ports::{Forwarding, PublishedPorts};
use network::forwarding::tcp_relays::TcpRelays;
use network::names::server::{NameServer, NetworkAccess};
use network::netlink::Netlink;
use protocol::failure::{Failure, FailureKind};
use protocol::net::{FromNet, Response, ToNet, Uplink};
use protocol::zygote::Mapping;
use rustix::fs::fstat;
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use sandbox::privileges::net_helper;
use sys::event::{Event, Interest, Poll};
use sys::seqpacket;

use super::helper_events::{FIRST_DAEMON, NEXT_ZYGOTE, WORKER, ZYGOTE, helper_token};
use super::host_lookup::HostLookup;
use super::inheritance::NetHelperStart;
use super::namespace_worker::{Job, NamespaceWorker, Task};
use super::zygote_link::{Entrance, ZygoteLink};
use super::zygote_messages::FromHelper;
use crate::messages;

/// Time between two searches for expired flows, and for containers after the zygote's end.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(5);

/// Settings that are the same for every helper of a zygote.
pub struct Settings {
    pub mapping: Mapping,
    /// The last group that may send ICMP echo requests.
    pub ping_group: u32,
    pub lookup: HostLookup,
}

pub struct Server {
    pub poll: Poll,
    pub zygote: ZygoteLink,
    pub daemons: BTreeMap<u64, OwnedFd>,
    next_daemon: u64,
    factory: SocketFactory,
    /// A connection to the bridges' namespace.
    pub netlink: Netlink,
    /// A socket in the bridges' namespace, for requests by interface name.
    pub probe: OwnedFd,
    pub bridges: Bridges,
    pub worker: NamespaceWorker,
    /// The containers' network namespaces.
    pub namespaces: BTreeMap<u64, OwnedFd>,
    lookup: HostLookup,
    pub names: NameServer,
    pub uplink: Uplink,
    relays: TcpRelays,
    outgoing_tcp: OutgoingTcp,
    outgoing_udp: OutgoingUdp,
    pub ports: PublishedPorts,
    cleaned_up: Instant,
}

/// Serves until no zygote, daemon or container needs the helper. If the bridges' namespace cannot be set up, every
/// request is refused.
pub fn run(start: NetHelperStart, settings: Settings) {
    let NetHelperStart {
        zygote,
        run,
        daemon,
        bridges,
        namespaces,
    } = start;
    match Server::create(zygote, run, bridges, settings) {
        Ok(mut server) => {
            server.adopt(namespaces);
            server.add_daemon(daemon);
            server.serve();
        }
        Err(failure) => refuse(&daemon, &failure),
    }
}

/// Answers every request of a daemon with the same failure.
pub fn refuse(daemon: &OwnedFd, failure: &Failure) {
    while let Ok(Some(received)) = seqpacket::receive(daemon.as_fd()) {
        let Ok(ToNet { number, .. }) = messages::parse(&received.text, "to the net helper") else {
            return;
        };
        let response = FromNet {
            number,
            response: Response::Failed(failure.clone()),
        };
        if messages::send_waiting(daemon.as_fd(), &response).is_err() {
            return;
        }
    }
}

impl Server {
    fn create(
        zygote: OwnedFd,
        run: OwnedFd,
        bridges: Option<OwnedFd>,
        settings: Settings,
    ) -> Result<Self, Failure> {
        let explain =
            |what: &'static str| move |errno: Errno| Failure::of_call("network", what, errno);
        // The last use of a path: afterwards there is no directory.
        let entrance = Entrance::open(run)?;
        // Before the first thread is created, because threads inherit the restrictions.
        net_helper::confine()?;
        let adopted = bridges.is_some();
        let (mut factory, made) = bridge_namespace::open(bridges)?;
        let poll = Poll::create().map_err(explain("epoll"))?;
        let copy = made
            .descriptor
            .try_clone()
            .map_err(|error| Failure::new(FailureKind::Exhausted, "network", error))?;
        let zygote =
            ZygoteLink::create(&poll, zygote, entrance, settings.mapping, made.descriptor)?;
        let resolv_conf = settings.lookup.try_clone();
        let resolv_conf = resolv_conf.map_err(explain("lookup"))?;
        let probe = factory
            .socket(SocketKind::Udp, std::net::Ipv4Addr::LOCALHOST.into())
            .map_err(explain("socket"))?;
        let budget = DescriptorBudget::new(descriptor_limit());
        let outgoing_tcp =
            OutgoingTcp::create(&poll, made.tcp, made.queue, budget).map_err(explain("epoll"))?;
        let outgoing_udp =
            OutgoingUdp::create(&poll, made.udp, budget).map_err(explain("epoll"))?;
        let worker = NamespaceWorker::start(copy, adopted, settings.ping_group)
            .map_err(explain("thread"))?;
        poll.add(worker.wake(), helper_token(WORKER), Interest::READ)
            .map_err(explain("epoll"))?;
        if !adopted {
            zygote.send(&FromHelper::Bridges, &[zygote.bridges()]);
        }
        let server = Self {
            poll,
            zygote,
            daemons: BTreeMap::new(),
            next_daemon: FIRST_DAEMON,
            factory,
            netlink: made.netlink,
            probe,
            bridges: Bridges::default(),
            worker,
            namespaces: BTreeMap::new(),
            names: NameServer::new(Box::new(resolv_conf), budget),
            lookup: settings.lookup,
            ports: PublishedPorts::new(!matches!(made.uplink, Uplink::None { .. }), budget),
            uplink: made.uplink,
            relays: TcpRelays::new(budget),
            outgoing_tcp,
            outgoing_udp,
            cleaned_up: Instant::now(),
        };
        // After the last thread is created, because the filter forbids new threads.
        net_helper::confine_calls()?;
        Ok(server)
    }

    fn serve(&mut self) {
        let mut events = Vec::new();
        loop {
            let next = [self.names.next_retry(), self.ports.next_check()];
            let next = next.into_iter().flatten().min();
            let timeout = match self.outgoing_tcp.has_waiting() || self.outgoing_udp.has_waiting() {
                true => Duration::ZERO,
                false => next.map_or(CLEANUP_INTERVAL, |time| time.min(CLEANUP_INTERVAL)),
            };
            if self.poll.wait(&mut events, Some(timeout)).is_err() {
                return;
            }
            self.relays.begin_turn();
            for event in &events {
                self.dispatch(*event);
            }
            self.open_waiting();
            let (names, mut access) = self.names();
            names.retry_questions(&mut access);
            self.ports.check(&self.poll, &mut self.factory);
            if self.zygote.take_departed() && !self.is_needed() {
                return;
            }
            if self.cleaned_up.elapsed() >= CLEANUP_INTERVAL {
                self.clean_up();
            }
        }
    }

    /// Opens flows for packets that wait for them.
    fn open_waiting(&mut self) {
        self.outgoing_tcp.begin_waiting(&self.poll, &self.bridges);
        self.outgoing_udp
            .open_waiting(&self.poll, &self.bridges, &mut self.factory);
    }

    fn clean_up(&mut self) {
        self.cleaned_up = Instant::now();
        self.zygote.check_departed();
        self.outgoing_tcp.expire();
        self.outgoing_udp.expire();
        self.ports.expire();
        self.names.expire_streams();
    }

    fn dispatch(&mut self, event: Event) {
        let Some(EventToken {
            source,
            index,
            second,
        }) = EventToken::decode(event.token)
        else {
            return;
        };
        match source {
            EventSource::Helper => self.dispatch_helper(index),
            EventSource::NameListeners | EventSource::NameQuestions | EventSource::NameStreams => {
                self.dispatch_names(source, index, second);
            }
            _ => self.dispatch_traffic(source, index, second),
        }
    }

    fn dispatch_helper(&mut self, index: u64) {
        match index {
            ZYGOTE => {
                if let Some(daemon) = self.zygote.receive(&self.poll) {
                    self.add_daemon(daemon);
                }
            }
            NEXT_ZYGOTE => {
                let namespaces = self.namespaces.iter();
                let namespaces = namespaces.map(|(id, one)| (*id, one.as_fd()));
                self.zygote.accept_next(&self.poll, namespaces);
            }
            WORKER => self.take_results(),
            _ => self.serve_daemon(index),
        }
    }

    fn dispatch_traffic(&mut self, source: EventSource, index: u64, second: bool) {
        let Self {
            poll,
            bridges,
            factory,
            relays,
            outgoing_tcp,
            outgoing_udp,
            ports,
            ..
        } = self;
        let mut forwarding = Forwarding {
            poll,
            bridges,
            factory,
            relays,
        };
        match source {
            EventSource::TcpRelays => {
                let refused = forwarding.relays.ready(forwarding.poll, index, second);
                if let Some(refused) = refused {
                    ports.refused(&mut forwarding, refused);
                }
            }
            EventSource::OutgoingTcpListeners => {
                let Forwarding {
                    poll,
                    bridges,
                    relays,
                    ..
                } = forwarding;
                outgoing_tcp.accept(poll, bridges, relays, index);
            }
            EventSource::OutgoingTcp => outgoing_tcp.connected(forwarding.poll, index),
            EventSource::SynQueue => outgoing_tcp.read_queue(forwarding.bridges),
            EventSource::OutgoingUdpListeners => outgoing_udp.accept(forwarding.bridges, index),
            EventSource::OutgoingUdp => outgoing_udp.ready(index, second),
            EventSource::PublishedPorts => ports.ready(&mut forwarding, index),
            EventSource::UdpClients => ports.answer(&mut forwarding, index),
            EventSource::Helper
            | EventSource::NameListeners
            | EventSource::NameQuestions
            | EventSource::NameStreams => {}
        }
    }

    fn dispatch_names(&mut self, source: EventSource, index: u64, second: bool) {
        let (names, mut access) = self.names();
        match source {
            EventSource::NameListeners if second => names.accept(access.poll, index),
            EventSource::NameListeners => names.receive(&mut access, index),
            EventSource::NameQuestions => names.question_ready(&mut access, index),
            _ => names.stream_ready(&mut access, index, second),
        }
    }

    /// Returns the name server, and the parts of the helper that it uses.
    fn names(&mut self) -> (&mut NameServer, NetworkAccess<'_>) {
        let access = NetworkAccess {
            poll: &self.poll,
            bridges: &self.bridges,
            factory: &mut self.factory,
        };
        (&mut self.names, access)
    }

    fn is_needed(&self) -> bool {
        if self.zygote.is_connected() || !self.daemons.is_empty() {
            return true;
        }
        let inodes = self.namespaces.values().filter_map(|one| fstat(one).ok());
        self.lookup
            .any_is_in(inodes.map(|one| one.st_ino).collect())
    }

    /// Takes over the containers' namespaces of a helper that has died.
    fn adopt(&mut self, namespaces: Vec<(u64, OwnedFd)>) {
        for (namespace, descriptor) in namespaces {
            if let Ok(copy) = descriptor.try_clone() {
                self.worker.submit(Job {
                    namespace,
                    task: Task::Adopt(copy),
                    requester: None,
                });
            }
            self.namespaces.insert(namespace, descriptor);
        }
    }

    fn add_daemon(&mut self, socket: OwnedFd) {
        let connection = self.next_daemon;
        self.next_daemon += 1;
        let token = helper_token(connection);
        if self.poll.add(&socket, token, Interest::READ).is_ok() {
            self.daemons.insert(connection, socket);
        }
    }
}

fn descriptor_limit() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    })
}
