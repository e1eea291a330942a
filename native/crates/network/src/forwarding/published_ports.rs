//! Ports of the host that lead to ports of containers.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use protocol::net::{Protocol, Publication, PublishedPort};
use rustix::io::Errno;
use rustix::net::bind;
use sys::event::{Interest, Poll};
use sys::inet;

use super::bind_ports::{BindError, bind_request};
use super::tcp_relays::TcpRelays;
use super::udp_clients::UdpClients;
use super::{BATCH, DATAGRAM};
use crate::bridge_namespace::{SocketFactory, SocketKind};
use crate::bridges::Bridges;
use crate::event_token::{EventSource, EventToken};
use crate::flows::FlowOwner;
use crate::sockets;

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
    ) -> Result<Vec<PublishedPort>, BindError> {
        let mut published = Vec::new();
        let mut opened = Vec::new();
        for request in &publication.ports {
            let (port, sockets) = bind_request(request)?;
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
                return Err(BindError {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    use protocol::net::PortRequest;

    fn request(port: u16, protocol: Protocol) -> PortRequest {
        PortRequest {
            protocol,
            addresses: vec![Ipv4Addr::LOCALHOST.into()],
            first: port,
            last: port,
            container_port: 80,
        }
    }

    #[test]
    fn no_port_is_published_when_one_of_them_is_taken() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let poll = Poll::create().unwrap();
        let mut ports = PublishedPorts::new(true);
        let free = request(0, Protocol::Tcp);
        let blocked = request(port, Protocol::Udp);
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
