//! The net helper's loop.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use network::bridges::Bridges;
use network::copy::Copies;
use network::datagrams::Datagrams;
use network::inside::{self, Inside};
use network::names::{Means, Names};
use network::netlink::Netlink;
use network::ports::Ports;
use network::tokens::{Owner, parts, token};
use network::uplink::Uplink;
use protocol::failure::{Failure, FailureKind};
use protocol::net::{FromNet, Response, ToNet};
use protocol::zygote::Mapping;
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use sandbox::privileges::net_helper;
use sys::event::{Event, Interest, Poll};
use sys::seqpacket;

use crate::failure;
use crate::messages;
use crate::net::Order;
use crate::net::inhabitants;
use crate::net::maker::{Job, Maker, Work};
use crate::net::messages::{FromHelper, ToHelper, socket_name};

const ZYGOTE: u64 = 0;
const MAKER: u64 = 1;
const SUCCESSORS: u64 = 2;
const FIRST_DAEMON: u64 = 3;

/// How often what has come to nothing is cleared away.
const TEND: Duration = Duration::from_secs(5);

pub(super) struct Server {
    pub(super) poll: Poll,
    /// Nothing once it has died, until another comes.
    zygote: Option<OwnedFd>,
    /// Nobody may need the helper any more.
    parted: bool,
    /// Where another comes.
    successors: OwnedFd,
    mapping: Mapping,
    namespace: OwnedFd,
    pub(super) daemons: BTreeMap<u64, OwnedFd>,
    next_daemon: u64,
    inside: Inside,
    /// Makes interfaces in the bridges' namespace, and a socket of it.
    pub(super) links: Netlink,
    pub(super) probe: OwnedFd,
    pub(super) bridges: Bridges,
    pub(super) maker: Maker,
    pub(super) sandboxes: BTreeMap<u64, Namespace>,
    pub(super) names: Names,
    pub(super) uplink_kind: protocol::net::Uplink,
    copies: Copies,
    uplink: Uplink,
    pub(super) ports: Ports,
    datagrams: Datagrams,
    tended: Instant,
}

/// Of a sandbox.
pub(super) struct Namespace {
    pub(super) descriptor: OwnedFd,
    /// As in [`network::sandbox::Sandbox`]; nothing until the maker has been in one that was taken over.
    pub(super) number: Option<u64>,
}

/// Serves as long as there is anybody to serve. Without a namespace for the bridges every request is refused.
pub fn run(order: Order, mapping: &Mapping, ping_group: u32, resolver: &Path) {
    let Order {
        zygote,
        run,
        daemon,
        namespace,
        sandboxes,
    } = order;
    let place = Place {
        zygote,
        run,
        mapping: mapping.clone(),
    };
    match Server::create(place, namespace, ping_group, resolver) {
        Ok(mut server) => {
            server.take_over(sandboxes);
            server.add_daemon(daemon);
            server.serve();
        }
        Err(failure) => refuse(&daemon, &failure),
    }
}

/// Answers every request with the reason why nothing can be done.
fn refuse(daemon: &OwnedFd, failure: &Failure) {
    while let Ok(Some(received)) = seqpacket::receive(daemon.as_fd()) {
        let Ok(ToNet { number, .. }) = messages::parse(&received.text, "to the net helper") else {
            return;
        };
        let answer = FromNet {
            number,
            response: Response::Failed(failure.clone()),
        };
        if messages::send_waiting(daemon.as_fd(), &answer).is_err() {
            return;
        }
    }
}

/// Where the helper is to be found, and by whom.
struct Place {
    zygote: OwnedFd,
    run: OwnedFd,
    mapping: Mapping,
}

impl Server {
    fn create(
        place: Place,
        namespace: Option<OwnedFd>,
        ping_group: u32,
        resolver: &Path,
    ) -> Result<Self, Failure> {
        let explain =
            |what: &'static str| move |errno: Errno| failure::system("network", what, errno);
        // Before the first thread.
        net_helper::confine(resolver, place.run.as_fd())?;
        let adopted = namespace.is_some();
        let (mut inside, made) = inside::enter(namespace)?;
        let poll = Poll::create().map_err(explain("epoll"))?;
        let own = |index| token(Owner::Helper, index, false);
        let successors = seqpacket::listen(place.run.as_fd(), &socket_name(), 4)
            .map_err(|error| failure::explained(FailureKind::System, "network", error))?;
        rustix::io::ioctl_fionbio(&successors, true).map_err(explain("listener"))?;
        for (socket, index) in [(&place.zygote, ZYGOTE), (&successors, SUCCESSORS)] {
            poll.add(socket, own(index), Interest::READ)
                .map_err(explain("epoll"))?;
        }
        let probe = inside
            .socket(inside::Kind::Udp, std::net::Ipv4Addr::LOCALHOST.into())
            .map_err(explain("socket"))?;
        let uplink = Uplink::create(&poll, made.tcp, made.queue).map_err(explain("epoll"))?;
        let datagrams = Datagrams::create(&poll, made.udp).map_err(explain("epoll"))?;
        let copy = made
            .namespace
            .try_clone()
            .map_err(|error| failure::explained(FailureKind::Exhausted, "network", error))?;
        let maker = Maker::start(copy, ping_group).map_err(explain("thread"))?;
        poll.add(maker.wake(), own(MAKER), Interest::READ)
            .map_err(explain("epoll"))?;
        let server = Self {
            poll,
            zygote: Some(place.zygote),
            parted: false,
            successors,
            mapping: place.mapping,
            namespace: made.namespace,
            daemons: BTreeMap::new(),
            next_daemon: FIRST_DAEMON,
            inside,
            links: made.links,
            probe,
            bridges: Bridges::default(),
            maker,
            sandboxes: BTreeMap::new(),
            names: Names::new(resolver),
            ports: Ports::new(!matches!(made.uplink, protocol::net::Uplink::None { .. })),
            uplink_kind: made.uplink,
            copies: Copies::default(),
            uplink,
            datagrams,
            tended: Instant::now(),
        };
        if !adopted {
            server.tell_zygote(&FromHelper::Namespace, &[server.namespace.as_fd()]);
        }
        // After the last.
        net_helper::confine_calls()?;
        Ok(server)
    }

    fn serve(&mut self) {
        let mut events = Vec::new();
        loop {
            let pause = [Some(TEND), self.names.due()].into_iter().flatten().min();
            if self.poll.wait(&mut events, pause).is_err() {
                return;
            }
            for event in &events {
                self.dispatch(*event);
            }
            let (names, mut means) = self.names();
            names.tend_questions(&mut means);
            if std::mem::take(&mut self.parted) && !self.is_needed() {
                return;
            }
            if self.tended.elapsed() >= TEND {
                self.tended = Instant::now();
                self.parted = self.zygote.is_none();
                self.uplink.tend();
                self.datagrams.tend();
                self.ports.tend();
                self.names.tend_streams(&self.poll);
            }
        }
    }

    fn dispatch(&mut self, event: Event) {
        let Some((owner, index, second)) = parts(event.token) else {
            return;
        };
        let poll = &self.poll;
        match owner {
            Owner::Helper if index == ZYGOTE => self.hear_zygote(),
            Owner::Helper if index == SUCCESSORS => self.accept_zygote(),
            Owner::Helper if index == MAKER => self.take_made(),
            Owner::Helper => self.serve_daemon(index),
            Owner::Copies => self.copies.ready(poll, index, second),
            Owner::Uplink => self
                .uplink
                .accept(poll, &self.bridges, &mut self.copies, index),
            Owner::Queue => self.uplink.ready(poll, &self.bridges, index),
            Owner::Datagrams => {
                let Self {
                    datagrams,
                    bridges,
                    inside,
                    ..
                } = self;
                datagrams.ready(poll, bridges, inside, index, second);
            }
            Owner::Ports => {
                let Self {
                    ports,
                    bridges,
                    inside,
                    copies,
                    ..
                } = self;
                ports.ready(poll, bridges, inside, copies, index);
            }
            Owner::Visits => self.ports.answered(index),
            Owner::Names => {
                let (names, mut means) = self.names();
                names.ready(&mut means, index, second);
            }
            Owner::Questions => {
                let (names, mut means) = self.names();
                names.answered(&mut means, index);
            }
            Owner::NameStreams => {
                let (names, mut means) = self.names();
                names.stream_ready(&mut means, index, second);
            }
        }
    }

    /// The names, with what they need of the rest.
    fn names(&mut self) -> (&mut Names, Means<'_>) {
        let means = Means {
            poll: &self.poll,
            bridges: &self.bridges,
            inside: &mut self.inside,
        };
        (&mut self.names, means)
    }

    fn hear_zygote(&mut self) {
        let Some(zygote) = &self.zygote else {
            return;
        };
        match seqpacket::receive_ready(zygote.as_fd()) {
            Ok(Some(received)) => {
                let message = messages::parse(&received.text, "to the net helper");
                match (message, received.descriptors.into_iter().next()) {
                    (Ok(ToHelper::Daemon), Some(daemon)) => self.add_daemon(daemon),
                    (Ok(ToHelper::End), None) => self.part(),
                    _ => {}
                }
            }
            Err(seqpacket::Error::WouldBlock) => {}
            Ok(None) | Err(_) => self.part(),
        }
    }

    /// Goes on without the zygote.
    fn part(&mut self) {
        if let Some(zygote) = self.zygote.take() {
            self.parted = true;
            let _ = self.poll.remove(&zygote);
        }
    }

    /// Hands everything over to a zygote that comes in the place of another.
    fn accept_zygote(&mut self) {
        let Ok(zygote) = seqpacket::accept(self.successors.as_fd(), false) else {
            return;
        };
        if !socket_peercred(&zygote).is_ok_and(|peer| peer.uid == geteuid()) {
            return;
        }
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let Ok(user) = open("/proc/self/ns/user", flags, Mode::empty()) else {
            return;
        };
        self.part();
        if self
            .poll
            .add(&zygote, token(Owner::Helper, ZYGOTE, false), Interest::READ)
            .is_err()
        {
            return;
        }
        self.zygote = Some(zygote);
        let handover = FromHelper::Handover {
            mapping: self.mapping.clone(),
            sandboxes: self.sandboxes.len(),
        };
        self.tell_zygote(&handover, &[user.as_fd(), self.namespace.as_fd()]);
        for (sandbox, namespace) in &self.sandboxes {
            let sandbox = *sandbox;
            let descriptor = namespace.descriptor.as_fd();
            self.tell_zygote(&FromHelper::Sandbox { sandbox }, &[descriptor]);
        }
    }

    fn is_needed(&self) -> bool {
        if self.zygote.is_some() || !self.daemons.is_empty() {
            return true;
        }
        let numbers = self.sandboxes.values().map(|namespace| namespace.number);
        let numbers: Option<BTreeSet<u64>> = numbers.collect();
        numbers.is_none_or(|numbers| inhabitants::are_in(&numbers))
    }

    /// Goes on with sandboxes of a helper that has died.
    fn take_over(&mut self, sandboxes: Vec<(u64, OwnedFd)>) {
        for (sandbox, namespace) in sandboxes {
            if let Ok(copy) = namespace.try_clone() {
                self.maker.order(Job {
                    sandbox,
                    work: Work::Listen(copy),
                    client: None,
                });
            }
            let namespace = Namespace {
                descriptor: namespace,
                number: None,
            };
            self.sandboxes.insert(sandbox, namespace);
        }
    }

    fn add_daemon(&mut self, socket: OwnedFd) {
        let connection = self.next_daemon;
        self.next_daemon += 1;
        let token = token(Owner::Helper, connection, false);
        if self.poll.add(&socket, token, Interest::READ).is_ok() {
            self.daemons.insert(connection, socket);
        }
    }

    /// Waits for room: the zygote reads whenever a container is started, and in between.
    pub(super) fn tell_zygote(&self, message: &FromHelper, descriptors: &[BorrowedFd<'_>]) {
        let Some(zygote) = &self.zygote else {
            return;
        };
        let text = messages::text(message);
        let flags = seqpacket::Flags::empty();
        let _ = seqpacket::send(zygote.as_fd(), &text, descriptors, flags);
    }
}
