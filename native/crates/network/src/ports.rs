//! Ports of the host that stand for ports of containers.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use protocol::net::{PortRequest, Protocol, Publication, PublishedPort};
use rustix::io::Errno;
use rustix::net::bind;
use sys::event::{Interest, Poll};
use sys::inet;

use crate::bridges::Bridges;
use crate::copy::Copies;
use crate::inside::{Inside, Kind};
use crate::sockets;
use crate::tokens::{Owner, token};
use crate::visits::Visits;

/// How often any number is tried that may be taken for one of the addresses.
const TRIES: usize = 64;

/// Connections or datagrams taken before others have their turn.
const AT_ONCE: usize = 64;

#[derive(Debug, thiserror::Error)]
#[error("{protocol:?} {place}: {errno}")]
pub struct Error {
    pub protocol: Protocol,
    pub place: SocketAddr,
    pub errno: Errno,
}

/// Where a container is reached.
#[derive(Debug, Clone, Copy)]
struct Target {
    ipv4: Ipv4Addr,
    ipv6: Option<Ipv6Addr>,
    port: u16,
}

#[derive(Debug)]
struct Listener {
    sandbox: u64,
    socket: OwnedFd,
    protocol: Protocol,
    target: Target,
}

/// All that is listened on.
#[derive(Debug)]
pub struct Ports {
    listeners: HashMap<u64, Listener>,
    next: u64,
    visits: Visits,
    /// Whether answers to addresses that are not the gateway's find their way back.
    keeps_addresses: bool,
    buffer: Vec<u8>,
}

impl Ports {
    pub fn new(keeps_addresses: bool) -> Self {
        Self {
            listeners: HashMap::new(),
            next: 0,
            visits: Visits::default(),
            keeps_addresses,
            buffer: vec![0; 64 * 1024],
        }
    }

    /// Sandboxes that have ports, each once.
    pub fn sandboxes(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.listeners.values().map(|one| one.sandbox).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Listens on all of the ports, or on none.
    pub fn publish(
        &mut self,
        poll: &Poll,
        publication: &Publication,
    ) -> Result<Vec<PublishedPort>, Error> {
        let mut published = Vec::new();
        let mut opened = Vec::new();
        for request in &publication.ports {
            let (port, sockets) = open(request)?;
            let addresses = sockets.iter().map(|(address, _)| *address).collect();
            published.push(PublishedPort { addresses, port });
            let target = Target {
                ipv4: publication.ipv4,
                ipv6: publication.ipv6,
                port: request.container_port,
            };
            opened.extend(sockets.into_iter().map(|(address, socket)| {
                let listener = Listener {
                    sandbox: publication.namespace,
                    socket,
                    protocol: request.protocol,
                    target,
                };
                (SocketAddr::new(address, port), listener)
            }));
        }
        for (place, listener) in opened {
            let index = self.next;
            self.next += 1;
            let watched = poll.add(
                &listener.socket,
                token(Owner::Ports, index, false),
                Interest::READ,
            );
            if let Err(errno) = watched {
                self.withdraw(publication.namespace);
                let protocol = listener.protocol;
                return Err(Error {
                    protocol,
                    place,
                    errno,
                });
            }
            self.listeners.insert(index, listener);
        }
        Ok(published)
    }

    /// Leads to other addresses of a sandbox from now on.
    pub fn retarget(&mut self, sandbox: u64, ipv4: Ipv4Addr, ipv6: Option<Ipv6Addr>) {
        for (index, listener) in &mut self.listeners {
            if listener.sandbox == sandbox {
                listener.target = Target {
                    ipv4,
                    ipv6,
                    ..listener.target
                };
                self.visits.end_of(*index);
            }
        }
    }

    /// Listens no more for a sandbox.
    pub fn withdraw(&mut self, sandbox: u64) {
        self.listeners.retain(|index, listener| {
            let kept = listener.sandbox != sandbox;
            if !kept {
                self.visits.end_of(*index);
            }
            kept
        });
    }

    /// Takes what has come to a port.
    pub fn ready(
        &mut self,
        poll: &Poll,
        bridges: &Bridges,
        inside: &mut Inside,
        copies: &mut Copies,
        index: u64,
    ) {
        let Some(listener) = self.listeners.get(&index) else {
            return;
        };
        for _ in 0..AT_ONCE {
            match listener.protocol {
                Protocol::Tcp => {
                    let Ok(Some((client, from))) = sockets::accept(&listener.socket) else {
                        return;
                    };
                    let keep = self.keeps_addresses && is_foreign(bridges, from.ip());
                    match listener.target.connect(inside, from, keep) {
                        Ok(container) => copies.add(poll, client, container),
                        Err(_) => sockets::break_off(client),
                    }
                }
                Protocol::Udp => {
                    let received = inet::receive(listener.socket.as_fd(), &mut self.buffer);
                    let Ok(datagram) = received else {
                        return;
                    };
                    let visit = self.visits.find_or_add(poll, index, &datagram, || {
                        let from = datagram.source;
                        let keep = self.keeps_addresses && is_foreign(bridges, from.ip());
                        listener.target.open_datagrams(inside, from, keep)
                    });
                    if let Some(visit) = visit {
                        visit.bring(&self.buffer[..datagram.length]);
                    }
                }
            }
        }
    }

    /// Passes on what a container answers to datagrams.
    pub fn answered(&mut self, visit: u64) {
        let listeners = &self.listeners;
        let socket = |index: u64| {
            listeners
                .get(&index)
                .map(|listener| listener.socket.as_fd())
        };
        self.visits.pass_on(visit, socket, &mut self.buffer);
    }

    pub fn tend(&mut self) {
        self.visits.tend();
    }
}

impl Target {
    /// By the protocol that the client speaks, where the container speaks it too.
    fn place(&self, client: IpAddr) -> SocketAddr {
        match (client, self.ipv6) {
            (IpAddr::V6(_), Some(ipv6)) => SocketAddr::from((ipv6, self.port)),
            _ => SocketAddr::from((self.ipv4, self.port)),
        }
    }

    fn connect(&self, inside: &mut Inside, from: SocketAddr, keep: bool) -> Result<OwnedFd, Errno> {
        let place = self.place(from.ip());
        let socket = inside.socket(Kind::Tcp, place.ip())?;
        if keep && place.is_ipv4() == from.is_ipv4() {
            inet::set_transparent(socket.as_fd(), from.ip())?;
            inet::set_late_port(socket.as_fd())?;
            bind(&socket, &SocketAddr::new(from.ip(), 0))?;
        }
        sockets::begin_connection(&socket, place)?;
        Ok(socket)
    }

    fn open_datagrams(
        &self,
        inside: &mut Inside,
        from: SocketAddr,
        keep: bool,
    ) -> Result<OwnedFd, Errno> {
        let place = self.place(from.ip());
        let socket = inside.socket(Kind::Udp, place.ip())?;
        if keep && place.is_ipv4() == from.is_ipv4() {
            inet::set_transparent(socket.as_fd(), from.ip())?;
            rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
            bind(&socket, &from)?;
        }
        rustix::net::connect(&socket, &place)?;
        Ok(socket)
    }
}

/// Whether a container can be shown an address as the sender's: answers to it must come back through here.
fn is_foreign(bridges: &Bridges, address: IpAddr) -> bool {
    !address.is_loopback() && !bridges.contains(address) && !is_link_local(address)
}

/// Means nothing without the interface.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

type Opened = Vec<(IpAddr, OwnedFd)>;

fn open(request: &PortRequest) -> Result<(u16, Opened), Error> {
    let any = request.first == 0;
    let numbers: Vec<u16> = match any {
        true => vec![0; TRIES],
        false => (request.first..=request.last.max(request.first)).collect(),
    };
    let mut result = Err(Error {
        protocol: request.protocol,
        place: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), request.first),
        errno: Errno::ADDRNOTAVAIL,
    });
    for number in numbers {
        result = open_all(request, number);
        match &result {
            Err(Error {
                errno: Errno::ADDRINUSE,
                ..
            }) => {}
            _ => break,
        }
    }
    result
}

/// All of the addresses with the same number.
fn open_all(request: &PortRequest, number: u16) -> Result<(u16, Opened), Error> {
    let mut opened: Opened = Vec::new();
    let mut port = number;
    for address in &request.addresses {
        let place = SocketAddr::new(*address, port);
        let socket = match request.protocol {
            Protocol::Tcp => sockets::listen_tcp(place),
            Protocol::Udp => sockets::bind_udp(place).and_then(|socket| {
                inet::set_receive_local(socket.as_fd(), *address)?;
                Ok(socket)
            }),
        };
        match socket.and_then(|socket| Ok((sockets::local_address(&socket)?.port(), socket))) {
            Ok((number, socket)) => {
                port = number;
                opened.push((*address, socket));
            }
            // A host without IPv6 has nothing to listen on, and nobody who would come there.
            Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL)
                if address.is_unspecified() && !opened.is_empty() => {}
            Err(errno) => {
                let protocol = request.protocol;
                return Err(Error {
                    protocol,
                    place,
                    errno,
                });
            }
        }
    }
    Ok((port, opened))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    fn request(first: u16, last: u16, addresses: &[&str]) -> PortRequest {
        PortRequest {
            protocol: Protocol::Tcp,
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            first,
            last,
            container_port: 80,
        }
    }

    #[test]
    fn any_number_is_the_same_for_all_addresses() {
        let (port, opened) = open(&request(0, 0, &["127.0.0.1", "127.0.0.2"])).unwrap();
        assert_eq!(opened.len(), 2);
        for (address, socket) in &opened {
            let place = sockets::local_address(socket).unwrap();
            assert_eq!(place, SocketAddr::new(*address, port));
        }
    }

    #[test]
    fn a_range_is_tried_until_one_is_free_and_what_is_taken_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let first = taken.local_addr().unwrap().port();
        let error = open(&request(first, first, &["127.0.0.1"])).unwrap_err();
        assert_eq!(error.errno, Errno::ADDRINUSE);
        assert_eq!(error.place, taken.local_addr().unwrap());
        if first < u16::MAX - 20 {
            let (port, _) = open(&request(first, first + 20, &["127.0.0.1"])).unwrap();
            assert!(port > first && port <= first + 20);
        }
    }

    #[test]
    fn nothing_is_listened_on_when_one_of_the_ports_cannot_be_had() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let poll = Poll::create().unwrap();
        let mut ports = Ports::new(true);
        let free = request(0, 0, &["127.0.0.1"]);
        let blocked = PortRequest {
            protocol: Protocol::Udp,
            ..request(port, port, &["127.0.0.1"])
        };
        let publication = Publication {
            namespace: 1,
            ipv4: Ipv4Addr::LOCALHOST,
            ipv6: None,
            ports: vec![free.clone(), blocked],
        };
        ports.publish(&poll, &publication).unwrap_err();
        assert!(ports.sandboxes().is_empty());
        let publication = Publication {
            ports: vec![free],
            ..publication
        };
        let published = ports.publish(&poll, &publication).unwrap();
        assert_eq!(ports.sandboxes(), [1]);
        ports.withdraw(1);
        TcpListener::bind(("127.0.0.1", published[0].port)).unwrap();
    }
}
