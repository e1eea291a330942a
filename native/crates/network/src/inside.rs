//! The namespace that the bridges are in, and sockets of it. The helper itself stays in the host's, where no
//! way back would lead: a thread is inside, and hands out what can only be made there.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use protocol::failure::{Failure, FailureKind};
use protocol::net::Uplink;
use rustix::fs::{CWD, Mode, OFlags, openat, stat};
use rustix::io::Errno;

use crate::firewall;
use crate::links;
use crate::netlink::{Batch, Netlink, Subject};
use crate::queue;
use crate::sockets;

/// Sockets of one kind that are made at once.
const STOCK: usize = 8;

/// Where packets are diverted to. Nobody but this namespace sees the port.
const PORT: u16 = 50_080;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Tcp,
    Udp,
}

/// What was made when the thread entered.
#[derive(Debug)]
pub struct Made {
    pub namespace: OwnedFd,
    /// Makes interfaces in it.
    pub links: Netlink,
    /// Take what is diverted; none without a firewall.
    pub tcp: Vec<OwnedFd>,
    pub udp: Vec<OwnedFd>,
    pub queue: Option<OwnedFd>,
    pub uplink: Uplink,
    pub ipv6: bool,
}

/// Hands out sockets of the namespace, not bound and not waiting.
#[derive(Debug)]
pub struct Inside {
    requests: Sender<(Kind, IpAddr)>,
    answers: Receiver<Result<Vec<OwnedFd>, Errno>>,
    stock: Vec<((Kind, bool), OwnedFd)>,
}

/// Makes the namespace, or enters one that an earlier helper had.
pub fn enter(adopted: Option<OwnedFd>) -> Result<(Inside, Made), Failure> {
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
    let builder = thread::Builder::new().name("tbox-inside".to_owned());
    builder
        .spawn(body)
        .map_err(|error| failure("thread", error))?;
    let made = made.recv().map_err(|error| failure("thread", error))??;
    let inside = Inside {
        requests,
        answers,
        stock: Vec::new(),
    };
    Ok((inside, made))
}

impl Inside {
    pub fn socket(&mut self, kind: Kind, address: IpAddr) -> Result<OwnedFd, Errno> {
        let wanted = (kind, address.is_ipv6());
        if let Some(at) = self.stock.iter().position(|(known, _)| *known == wanted) {
            return Ok(self.stock.swap_remove(at).1);
        }
        self.requests
            .send((kind, address))
            .map_err(|_| Errno::PIPE)?;
        let mut made = self.answers.recv().map_err(|_| Errno::PIPE)??;
        let last = made.pop().ok_or(Errno::MFILE)?;
        self.stock
            .extend(made.into_iter().map(|socket| (wanted, socket)));
        Ok(last)
    }
}

fn serve(requests: &Receiver<(Kind, IpAddr)>, answers: &Sender<Result<Vec<OwnedFd>, Errno>>) {
    for (kind, address) in requests {
        let create = || match kind {
            Kind::Tcp => sockets::tcp(address),
            Kind::Udp => sockets::udp(address),
        };
        let first = create();
        let made = first.map(|first| {
            let more = std::iter::repeat_with(create).take(STOCK - 1);
            more.filter_map(Result::ok).chain([first]).collect()
        });
        if answers.send(made).is_err() {
            return;
        }
    }
}

fn make(adopted: Option<OwnedFd>) -> Result<Made, Failure> {
    let system = |what: &'static str| move |errno: Errno| failure(what, errno);
    match adopted {
        Some(namespace) => sys::network_namespace::enter(namespace.as_fd()),
        None => sys::network_namespace::enter_new(),
    }
    .map_err(system("namespace"))?;
    let links = Netlink::open(Subject::Links).map_err(system("netlink"))?;
    let namespace = open_own().map_err(system("namespace"))?;
    set_kernel_parameters();
    let ipv6 = fs::exists("/proc/sys/net/ipv6").unwrap_or(false);
    let mut batch = Batch::default();
    links::bring_up(&mut batch, links::LOOPBACK);
    links
        .perform(&batch)
        .map_err(|error| failure("lo", error))?;
    let mut made = Made {
        namespace,
        links,
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

fn divert(made: &mut Made) -> Result<(), String> {
    let mut families: Vec<IpAddr> = vec![Ipv4Addr::UNSPECIFIED.into()];
    if made.ipv6 {
        families.push(Ipv6Addr::UNSPECIFIED.into());
    }
    for address in families {
        let place = SocketAddr::new(address, PORT);
        let refused = |errno| format!("transparent sockets: {errno}");
        made.tcp
            .push(sockets::listen_tcp_diverted(place).map_err(refused)?);
        made.udp
            .push(sockets::bind_udp_diverted(place).map_err(refused)?);
        let mut batch = Batch::default();
        links::divert(&mut batch, address, firewall::DIVERTED);
        match made.links.perform(&batch) {
            Err(error) if error.errno != Errno::EXIST => {
                return Err(format!("policy routing: {error}"));
            }
            _ => {}
        }
    }
    let refused = |error: &dyn std::fmt::Display| {
        format!("the kernel has no nf_tables with tproxy for users' namespaces: {error}")
    };
    let firewall = Netlink::open(Subject::Packets).map_err(|errno| refused(&errno))?;
    firewall::divert(&firewall, PORT).map_err(|error| refused(&error))?;
    // Nothing is forwarded, but now it is the rules that refuse it, and say so to the sender.
    set_kernel_parameter("ipv4/ip_forward", "1");
    set_kernel_parameter("ipv6/conf/all/forwarding", "1");
    Ok(())
}

fn open_queue() -> Result<OwnedFd, String> {
    let refused = |error: &dyn std::fmt::Display| {
        format!("the kernel has no NFQUEUE for users' namespaces: {error}")
    };
    let firewall = Netlink::open(Subject::Packets).map_err(|errno| refused(&errno))?;
    let queue = queue::open().map_err(|error| refused(&error))?;
    firewall::queue_first_packets(&firewall).map_err(|error| refused(&error))?;
    Ok(queue)
}

/// The namespace of the calling thread.
pub fn open_own() -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    openat(CWD, "/proc/thread-self/ns/net", flags, Mode::empty())
}

/// A number of the namespace of the calling thread that nobody else's has: of a file in /proc/net, which is the same one
/// for all in the namespace.
pub fn own_number() -> Result<u64, Errno> {
    Ok(stat("/proc/thread-self/net/dev")?.st_ino)
}

/// What is not there need not be set: the defaults of a kernel without it will do.
fn set_kernel_parameters() {
    for (name, value) in [
        // Bridged packets never meet the rules, which are for those that leave.
        ("bridge/bridge-nf-call-iptables", "0"),
        ("bridge/bridge-nf-call-ip6tables", "0"),
        ("ipv4/ip_forward", "0"),
        ("ipv4/conf/all/rp_filter", "0"),
        ("ipv4/conf/default/rp_filter", "0"),
        ("ipv4/conf/all/route_localnet", "0"),
        ("ipv4/conf/all/send_redirects", "0"),
        ("ipv4/conf/default/send_redirects", "0"),
        ("ipv6/conf/all/forwarding", "0"),
        ("ipv6/conf/all/accept_ra", "0"),
        ("ipv6/conf/default/accept_ra", "0"),
        ("ipv6/conf/default/accept_dad", "0"),
    ] {
        set_kernel_parameter(name, value);
    }
}

/// Of the calling thread's namespace, below `/proc/sys/net`.
pub fn set_kernel_parameter(name: &str, value: &str) {
    let _ = fs::write(format!("/proc/sys/net/{name}"), value);
}

fn failure(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure {
        kind: FailureKind::System,
        step: "network".to_owned(),
        subject: Some(what.to_owned()),
        errno: None,
        message: format!("network: {what}: {error}"),
    }
}
