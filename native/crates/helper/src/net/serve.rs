//! The net helper's loop.

use std::collections::BTreeMap;
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
use protocol::failure::Failure;
use protocol::net::{Answer, FromNet, ToNet};
use rustix::io::Errno;
use sys::event::{Event, Interest, Poll};
use sys::seqpacket;

use crate::failure;
use crate::messages;
use crate::net::Order;
use crate::net::maker::{Job, Maker, Work};
use crate::net::messages::{FromHelper, ToHelper};

const ZYGOTE: u64 = 0;
const MAKER: u64 = 1;
const FIRST_DAEMON: u64 = 2;

/// How often what has come to nothing is cleared away.
const TEND: Duration = Duration::from_secs(5);

pub(super) struct Server {
    pub(super) poll: Poll,
    zygote: OwnedFd,
    pub(super) daemons: BTreeMap<u64, OwnedFd>,
    next_daemon: u64,
    inside: Inside,
    /// Makes interfaces in the bridges' namespace, and a socket of it.
    pub(super) links: Netlink,
    pub(super) probe: OwnedFd,
    pub(super) bridges: Bridges,
    pub(super) maker: Maker,
    pub(super) sandboxes: BTreeMap<u64, OwnedFd>,
    pub(super) names: Names,
    pub(super) uplink_kind: protocol::net::Uplink,
    copies: Copies,
    uplink: Uplink,
    pub(super) ports: Ports,
    datagrams: Datagrams,
    tended: Instant,
}

/// Serves until the zygote has gone. Without a namespace for the bridges every request is refused.
pub fn run(order: Order, ping_group: u32, resolver: &Path) {
    let Order {
        zygote,
        daemon,
        namespace,
        sandboxes,
    } = order;
    match Server::create(zygote, namespace, ping_group, resolver) {
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
        let Ok(ToNet { request, .. }) = messages::parse(&received.text, "to the net helper") else {
            return;
        };
        let answer = FromNet {
            request,
            answer: Answer::Failed(failure.clone()),
        };
        if messages::send_waiting(daemon.as_fd(), &answer).is_err() {
            return;
        }
    }
}

impl Server {
    fn create(
        zygote: OwnedFd,
        namespace: Option<OwnedFd>,
        ping_group: u32,
        resolver: &Path,
    ) -> Result<Self, Failure> {
        let explain =
            |what: &'static str| move |errno: Errno| failure::system("network", what, errno);
        let adopted = namespace.is_some();
        let (mut inside, made) = inside::enter(namespace)?;
        let poll = Poll::create().map_err(explain("epoll"))?;
        let own = |index| token(Owner::Helper, index, false);
        poll.add(&zygote, own(ZYGOTE), Interest::READ)
            .map_err(explain("epoll"))?;
        let probe = inside
            .socket(inside::Kind::Udp, std::net::Ipv4Addr::LOCALHOST.into())
            .map_err(explain("socket"))?;
        let uplink = Uplink::create(&poll, made.tcp, made.queue).map_err(explain("epoll"))?;
        let datagrams = Datagrams::create(&poll, made.udp).map_err(explain("epoll"))?;
        let copy = made.namespace.try_clone().map_err(|error| {
            failure::explained(protocol::failure::FailureKind::Exhausted, "network", error)
        })?;
        let maker = Maker::start(copy, ping_group).map_err(explain("thread"))?;
        poll.add(maker.wake(), own(MAKER), Interest::READ)
            .map_err(explain("epoll"))?;
        let server = Self {
            poll,
            zygote,
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
            server.tell_zygote(&FromHelper::Namespace, &[made.namespace.as_fd()]);
        }
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
                if !self.dispatch(*event) {
                    return;
                }
            }
            let (names, mut means) = self.names();
            names.tend_questions(&mut means);
            if self.tended.elapsed() >= TEND {
                self.tended = Instant::now();
                self.uplink.tend();
                self.datagrams.tend();
                self.ports.tend();
                self.names.tend_streams(&self.poll);
            }
        }
    }

    /// False once there is nobody to serve.
    fn dispatch(&mut self, event: Event) -> bool {
        let Some((owner, index, second)) = parts(event.token) else {
            return true;
        };
        let poll = &self.poll;
        match owner {
            Owner::Helper if index == ZYGOTE => return self.hear_zygote(),
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
        true
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

    fn hear_zygote(&mut self) -> bool {
        match seqpacket::receive_ready(self.zygote.as_fd()) {
            Ok(Some(received)) => {
                let message = messages::parse(&received.text, "to the net helper");
                if let (Ok(ToHelper::Daemon), Some(daemon)) =
                    (message, received.descriptors.into_iter().next())
                {
                    self.add_daemon(daemon);
                }
                true
            }
            Err(seqpacket::Error::WouldBlock) => true,
            Ok(None) | Err(_) => false,
        }
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
        let text = messages::text(message);
        let flags = seqpacket::Flags::empty();
        let _ = seqpacket::send(self.zygote.as_fd(), &text, descriptors, flags);
    }
}
