//! The network namespace of the bridges. The helper stays in the host's network namespace, because a process that
//! leaves cannot return: the parent user namespace owns that namespace. Therefore a thread enters the bridges'
//! namespace and creates sockets there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use protocol::failure::{Failure, FailureKind};
use protocol::net::Uplink;
use rustix::io::Errno;

use crate::current_namespace;
use crate::firewall;
use crate::forwarding::syn_queue;
use crate::netlink::{Batch, Netlink, Subject};
use crate::rtnetlink;
use crate::sockets;

/// Sockets of one kind that the thread creates at once.
const SOCKETS_AHEAD: usize = 8;

/// The port that packets are diverted to. It is visible in the bridges' namespace only.
const DIVERTED_PORT: u16 = 20_080;

/// Kernel parameters of the namespace.
const PARAMETERS: [(&str, &str); 14] = [
    // The rules apply to packets that leave a bridge. Bridged packets must bypass them.
    ("bridge/bridge-nf-call-iptables", "0"),
    ("bridge/bridge-nf-call-ip6tables", "0"),
    ("ipv4/ip_forward", "0"),
    // A bridge accepts packets from addresses of its own subnet only.
    ("ipv4/conf/all/rp_filter", "1"),
    ("ipv4/conf/default/rp_filter", "1"),
    // A bridge answers ARP requests for its own address, not for those of the other bridges.
    ("ipv4/conf/all/arp_ignore", "1"),
    ("ipv4/conf/all/route_localnet", "0"),
    ("ipv4/conf/all/send_redirects", "0"),
    ("ipv4/conf/default/send_redirects", "0"),
    ("ipv6/conf/all/forwarding", "0"),
    ("ipv6/conf/all/accept_ra", "0"),
    ("ipv6/conf/default/accept_ra", "0"),
    ("ipv6/conf/default/accept_dad", "0"),
    // Without a link-local address, ports send nothing, and containers receive no multicast packets that nobody wants.
    ("ipv6/conf/default/addr_gen_mode", "1"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketKind {
    Tcp,
    Udp,
}

/// The namespace as the thread has set it up.
#[derive(Debug)]
pub struct BridgeNamespace {
    pub descriptor: OwnedFd,
    pub netlink: Netlink,
    /// Listeners for diverted packets; empty without a firewall.
    pub tcp: Vec<OwnedFd>,
    pub udp: Vec<OwnedFd>,
    /// The queue of first packets, where the kernel supports it.
    pub queue: Option<OwnedFd>,
    pub uplink: Uplink,
    pub ipv6: bool,
}

/// A source of non-blocking, unbound sockets in the namespace.
#[derive(Debug)]
pub struct SocketFactory {
    requests: Sender<(SocketKind, IpAddr)>,
    answers: Receiver<Result<Vec<OwnedFd>, Errno>>,
    unused: Vec<((SocketKind, bool), OwnedFd)>,
}

/// Creates the namespace, or opens the one of an earlier helper.
pub fn open(adopted: Option<OwnedFd>) -> Result<(SocketFactory, BridgeNamespace), Failure> {
    let (made_sender, made) = channel();
    let (requests, request_receiver) = channel();
    let (answer_sender, answers) = channel();
    let body = move || {
        let result = make(adopted);
        let failed = result.is_err();
        if made_sender.send(result).is_err() || failed {
            return;
        }
        serve(&request_receiver, &answer_sender);
    };
    let builder = thread::Builder::new().name("tbox-bridges".to_owned());
    builder
        .spawn(body)
        .map_err(|error| failure("thread", error))?;
    let made = made.recv().map_err(|error| failure("thread", error))??;
    let factory = SocketFactory {
        requests,
        answers,
        unused: Vec::new(),
    };
    Ok((factory, made))
}

impl SocketFactory {
    /// Returns a socket of the address's family.
    pub fn socket(&mut self, kind: SocketKind, address: IpAddr) -> Result<OwnedFd, Errno> {
        let wanted = (kind, address.is_ipv6());
        if let Some(at) = self.unused.iter().position(|(known, _)| *known == wanted) {
            return Ok(self.unused.swap_remove(at).1);
        }
        self.requests
            .send((kind, address))
            .map_err(|_| Errno::PIPE)?;
        let mut made = self.answers.recv().map_err(|_| Errno::PIPE)??;
        let last = made.pop().ok_or(Errno::MFILE)?;
        self.unused
            .extend(made.into_iter().map(|socket| (wanted, socket)));
        Ok(last)
    }
}

fn serve(requests: &Receiver<(SocketKind, IpAddr)>, answers: &Sender<Result<Vec<OwnedFd>, Errno>>) {
    for (kind, address) in requests {
        let create = || match kind {
            SocketKind::Tcp => sockets::tcp(address),
            SocketKind::Udp => sockets::udp(address),
        };
        let first = create();
        let made = first.map(|first| {
            let more = std::iter::repeat_with(create).take(SOCKETS_AHEAD - 1);
            more.filter_map(Result::ok).chain([first]).collect()
        });
        if answers.send(made).is_err() {
            return;
        }
    }
}

fn make(adopted: Option<OwnedFd>) -> Result<BridgeNamespace, Failure> {
    let system = |what: &'static str| move |errno: Errno| failure(what, errno);
    match adopted {
        Some(namespace) => sys::network_namespace::enter(namespace.as_fd()),
        None => sys::network_namespace::enter_new(),
    }
    .map_err(system("namespace"))?;
    let netlink = Netlink::open(Subject::Route).map_err(system("netlink"))?;
    let descriptor = current_namespace::open().map_err(system("namespace"))?;
    current_namespace::set_parameters(&PARAMETERS);
    let ipv6 = std::fs::exists("/proc/sys/net/ipv6").unwrap_or(false);
    let mut batch = Batch::default();
    rtnetlink::bring_up(&mut batch, rtnetlink::LOOPBACK);
    netlink
        .perform(&batch)
        .map_err(|error| failure("lo", error))?;
    let mut made = BridgeNamespace {
        descriptor,
        netlink,
        tcp: Vec::new(),
        udp: Vec::new(),
        queue: None,
        uplink: Uplink::ConnectFirst,
        ipv6,
    };
    if let Err(reason) = divert(&mut made) {
        made.tcp.clear();
        made.udp.clear();
        made.uplink = Uplink::None { reason };
        return Ok(made);
    }
    match open_queue() {
        Ok(queue) => made.queue = Some(queue),
        Err(reason) => made.uplink = Uplink::AcceptFirst { reason },
    }
    Ok(made)
}

/// Opens the listeners and diverts packets to them. The error says why that is impossible.
fn divert(made: &mut BridgeNamespace) -> Result<(), String> {
    let mut families: Vec<IpAddr> = vec![Ipv4Addr::UNSPECIFIED.into()];
    if made.ipv6 {
        families.push(Ipv6Addr::UNSPECIFIED.into());
    }
    for address in families {
        let listener = SocketAddr::new(address, DIVERTED_PORT);
        let refused = |errno| format!("transparent sockets: {errno}");
        made.tcp
            .push(sockets::listen_tcp_diverted(listener).map_err(refused)?);
        made.udp
            .push(sockets::bind_udp_diverted(listener).map_err(refused)?);
        let mut batch = Batch::default();
        rtnetlink::deliver_marked(&mut batch, address, firewall::DIVERTED);
        match made.netlink.perform(&batch) {
            Err(error) if error.errno != Errno::EXIST => {
                return Err(format!("policy routing: {error}"));
            }
            _ => {}
        }
    }
    let refused = |error: &dyn std::fmt::Display| {
        format!("the kernel does not support nf_tables with tproxy in user namespaces: {error}")
    };
    let firewall = Netlink::open(Subject::Netfilter).map_err(|errno| refused(&errno))?;
    firewall::divert(&firewall, DIVERTED_PORT).map_err(|error| refused(&error))?;
    // The rules reject every packet to be forwarded. With forwarding enabled the sender receives that rejection.
    current_namespace::set_parameters(&[
        ("ipv4/ip_forward", "1"),
        ("ipv6/conf/all/forwarding", "1"),
    ]);
    Ok(())
}

/// Opens the queue of first packets. The error says why that is impossible.
fn open_queue() -> Result<OwnedFd, String> {
    let refused = |error: &dyn std::fmt::Display| {
        format!("the kernel does not support NFQUEUE in user namespaces: {error}")
    };
    let firewall = Netlink::open(Subject::Netfilter).map_err(|errno| refused(&errno))?;
    let queue = syn_queue::open().map_err(|error| refused(&error))?;
    firewall::queue_first_packets(&firewall).map_err(|error| refused(&error))?;
    Ok(queue)
}

fn failure(what: &str, error: impl std::fmt::Display) -> Failure {
    let message = format!("network: {what}: {error}");
    Failure {
        subject: Some(what.to_owned()),
        ..Failure::new(FailureKind::System, "network", message)
    }
}
