//! Ports of the host that lead to ports of containers.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use protocol::net::{PortRequest, Protocol, Publication, PublishedPort};
use rustix::io::Errno;
use rustix::net::bind;
use sys::event::{Interest, Poll};
use sys::inet;

use super::tcp_relays::TcpRelays;
use super::udp_clients::UdpClients;
use super::{BATCH, DATAGRAM};
use crate::bridge_namespace::{SocketFactory, SocketKind};
use crate::bridges::Bridges;
use crate::event_token::{EventSource, EventToken};
use crate::flows::FlowOwner;
use crate::sockets;

/// Attempts to find a random port that is free on all addresses.
const RANDOM_ATTEMPTS: usize = 64;

/// A port that cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("{protocol:?} {address}: {errno}")]
pub struct Error {
    pub protocol: Protocol,
    pub address: SocketAddr,
    pub errno: Errno,
}

/// The container's side of a published port.
#[derive(Debug, Clone, Copy)]
struct Target {
    ipv4: Ipv4Addr,
    ipv6: Option<Ipv6Addr>,
    port: u16,
}

#[derive(Debug)]
struct Listener {
    namespace: u64,
    socket: OwnedFd,
    protocol: Protocol,
    target: Target,
}

/// The listeners of all containers.
#[derive(Debug)]
pub struct PublishedPorts {
    listeners: HashMap<u64, Listener>,
    next: u64,
    clients: UdpClients,
    /// Whether containers see the addresses of clients: only with a firewall do their answers return to the helper.
    keep_client_address: bool,
    buffer: Vec<u8>,
}

impl PublishedPorts {
    pub fn new(keep_client_address: bool) -> Self {
        Self {
            listeners: HashMap::new(),
            next: 0,
            clients: UdpClients::default(),
            keep_client_address,
            buffer: vec![0; DATAGRAM],
        }
    }

    /// Returns the network namespaces that have published ports.
    pub fn namespaces(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.listeners.values().map(|one| one.namespace).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Listens on all of the ports, or on none of them.
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
                    namespace: publication.namespace,
                    socket,
                    protocol: request.protocol,
                    target,
                };
                (SocketAddr::new(address, port), listener)
            }));
        }
        for (address, listener) in opened {
            let index = self.next;
            self.next += 1;
            let watched = poll.add(
                &listener.socket,
                EventToken::single(EventSource::PublishedPorts, index),
                Interest::READ,
            );
            if let Err(errno) = watched {
                self.unpublish(publication.namespace);
                let protocol = listener.protocol;
                return Err(Error {
                    protocol,
                    address,
                    errno,
                });
            }
            self.listeners.insert(index, listener);
        }
        Ok(published)
    }

    /// Directs the ports of a network namespace to other addresses of it.
    pub fn retarget(&mut self, namespace: u64, ipv4: Ipv4Addr, ipv6: Option<Ipv6Addr>) {
        for (index, listener) in &mut self.listeners {
            if listener.namespace == namespace {
                listener.target = Target {
                    ipv4,
                    ipv6,
                    ..listener.target
                };
                self.clients.close_listener(*index);
            }
        }
    }

    /// Closes the ports of a network namespace.
    pub fn unpublish(&mut self, namespace: u64) {
        self.listeners.retain(|index, listener| {
            let kept = listener.namespace != namespace;
            if !kept {
                self.clients.close_listener(*index);
            }
            kept
        });
    }

    /// Accepts the connections or datagrams that wait at a port.
    pub fn ready(
        &mut self,
        poll: &Poll,
        bridges: &Bridges,
        factory: &mut SocketFactory,
        relays: &mut TcpRelays,
        index: u64,
    ) {
        let Some(listener) = self.listeners.get(&index) else {
            return;
        };
        let owner = FlowOwner::Namespace(listener.namespace);
        let keeps = |client: SocketAddr| {
            self.keep_client_address && is_routed_to_helper(bridges, client.ip())
        };
        for _ in 0..BATCH {
            match listener.protocol {
                Protocol::Tcp => {
                    let Ok(Some((client, from))) = sockets::accept(&listener.socket) else {
                        return;
                    };
                    match listener.target.connect(factory, from, keeps(from)) {
                        Ok(container) => relays.add(poll, owner, client, container),
                        Err(_) => sockets::reset(client),
                    }
                }
                Protocol::Udp => {
                    let received = inet::receive(listener.socket.as_fd(), &mut self.buffer);
                    let Ok(datagram) = received else {
                        return;
                    };
                    let bytes = &self.buffer[..datagram.length];
                    let from = datagram.source;
                    self.clients
                        .forward(poll, owner, index, (&datagram, bytes), || {
                            listener.target.open_udp(factory, from, keeps(from))
                        });
                }
            }
        }
    }

    /// Sends a container's answers to a client.
    pub fn answer(&mut self, client: u64) {
        let listeners = &self.listeners;
        let socket = |index: u64| {
            listeners
                .get(&index)
                .map(|listener| listener.socket.as_fd())
        };
        self.clients.answer(client, socket, &mut self.buffer);
    }

    /// Closes idle flows of datagrams.
    pub fn expire(&mut self) {
        self.clients.expire();
    }
}

impl Target {
    /// Returns the container's address of the client's family, if it has one, or its IPv4 address.
    fn address(&self, client: IpAddr) -> SocketAddr {
        match (client, self.ipv6) {
            (IpAddr::V6(_), Some(ipv6)) => SocketAddr::from((ipv6, self.port)),
            _ => SocketAddr::from((self.ipv4, self.port)),
        }
    }

    fn connect(
        &self,
        factory: &mut SocketFactory,
        from: SocketAddr,
        keep: bool,
    ) -> Result<OwnedFd, Errno> {
        let address = self.address(from.ip());
        let socket = factory.socket(SocketKind::Tcp, address.ip())?;
        if keep && address.is_ipv4() == from.is_ipv4() {
            inet::set_transparent(socket.as_fd(), from.ip())?;
            inet::set_late_port(socket.as_fd())?;
            bind(&socket, &SocketAddr::new(from.ip(), 0))?;
        }
        sockets::begin_connection(&socket, address)?;
        Ok(socket)
    }

    fn open_udp(
        &self,
        factory: &mut SocketFactory,
        from: SocketAddr,
        keep: bool,
    ) -> Result<OwnedFd, Errno> {
        let address = self.address(from.ip());
        let socket = factory.socket(SocketKind::Udp, address.ip())?;
        if keep && address.is_ipv4() == from.is_ipv4() {
            inet::set_transparent(socket.as_fd(), from.ip())?;
            rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
            bind(&socket, &from)?;
        }
        rustix::net::connect(&socket, &address)?;
        Ok(socket)
    }
}

/// Returns whether a container may see a client's address: its answers must return to the helper.
fn is_routed_to_helper(bridges: &Bridges, address: IpAddr) -> bool {
    !address.is_loopback() && !bridges.contains(address) && !is_link_local(address)
}

/// Returns whether an address is valid on one interface only.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

type Opened = Vec<(IpAddr, OwnedFd)>;

/// Binds the first port of the request that is free on all of its addresses.
fn open(request: &PortRequest) -> Result<(u16, Opened), Error> {
    let any = request.first == 0;
    let numbers: Vec<u16> = match any {
        true => vec![0; RANDOM_ATTEMPTS],
        false => (request.first..=request.last.max(request.first)).collect(),
    };
    let mut result = Err(Error {
        protocol: request.protocol,
        address: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), request.first),
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

/// Binds the same port on all of the addresses.
fn open_all(request: &PortRequest, number: u16) -> Result<(u16, Opened), Error> {
    let mut opened: Opened = Vec::new();
    let mut port = number;
    for ip in &request.addresses {
        let address = SocketAddr::new(*ip, port);
        let socket = match request.protocol {
            Protocol::Tcp => sockets::listen_tcp(address),
            Protocol::Udp => sockets::bind_udp(address).and_then(|socket| {
                inet::set_receive_local(socket.as_fd(), *ip)?;
                Ok(socket)
            }),
        };
        match socket.and_then(|socket| Ok((sockets::local_address(&socket)?.port(), socket))) {
            Ok((number, socket)) => {
                port = number;
                opened.push((*ip, socket));
            }
            // A host without IPv6 has no clients that use it.
            Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL)
                if ip.is_unspecified() && !opened.is_empty() => {}
            Err(errno) => {
                let protocol = request.protocol;
                return Err(Error {
                    protocol,
                    address,
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
    fn a_random_port_is_the_same_on_all_addresses() {
        let (port, opened) = open(&request(0, 0, &["127.0.0.1", "127.0.0.2"])).unwrap();
        assert_eq!(opened.len(), 2);
        for (address, socket) in &opened {
            let bound = sockets::local_address(socket).unwrap();
            assert_eq!(bound, SocketAddr::new(*address, port));
        }
    }

    #[test]
    fn the_first_free_port_of_a_range_is_used_and_an_error_names_the_taken_one() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let first = taken.local_addr().unwrap().port();
        let error = open(&request(first, first, &["127.0.0.1"])).unwrap_err();
        assert_eq!(error.errno, Errno::ADDRINUSE);
        assert_eq!(error.address, taken.local_addr().unwrap());
        if first < u16::MAX - 20 {
            let (port, _) = open(&request(first, first + 20, &["127.0.0.1"])).unwrap();
            assert!(port > first && port <= first + 20);
        }
    }

    #[test]
    fn no_port_is_published_when_one_of_them_is_taken() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let poll = Poll::create().unwrap();
        let mut ports = PublishedPorts::new(true);
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
        assert!(ports.namespaces().is_empty());
        let publication = Publication {
            ports: vec![free],
            ..publication
        };
        let published = ports.publish(&poll, &publication).unwrap();
        assert_eq!(ports.namespaces(), [1]);
        ports.unpublish(1);
        TcpListener::bind(("127.0.0.1", published[0].port)).unwrap();
    }
}
