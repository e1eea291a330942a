//! Ports of the host that lead to ports of containers.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use protocol::net::{Protocol, Publication, PublishedPort};
use rustix::io::Errno;
use sys::event::Poll;
use sys::inet;
use sys::watched::Watched;

use super::DATAGRAM;
use super::bind_ports::{BindError, bind_request};
use super::closed_ports::ClosedPorts;
use super::container_listeners::ContainerListeners;
use super::port_listener::{PortListener, Target, connect, connects, open_udp};
use super::tcp_relays::{Attempt, Refused, TcpRelays};
use super::udp_clients::UdpClients;
use crate::bridge_namespace::SocketFactory;
use crate::bridges::Bridges;
use crate::descriptor_budget::DescriptorBudget;
use crate::event_token::{EventSource, EventToken};
use crate::flows::FlowOwner;
use crate::sockets::{self, SpareDescriptor};

/// Connections or datagrams taken from one port before the others have their turn.
const READ_AT_ONCE: usize = 8;

/// The listeners of all containers.
#[derive(Debug)]
pub struct PublishedPorts {
    listeners: BTreeMap<u64, PortListener>,
    /// Maximum number of listeners: traffic needs descriptors, too.
    most: usize,
    next: u64,
    clients: UdpClients,
    containers: ContainerListeners,
    /// Ports that refuse clients until a program in the container listens.
    closed: ClosedPorts,
    /// A descriptor that is freed when the process has no other one left.
    spare: SpareDescriptor,
    /// Whether containers see the addresses of clients. Answers to those addresses return to the helper only with a
    /// firewall.
    keep_client_address: bool,
    buffer: Vec<u8>,
}

/// The parts of the helper that connections to containers need.
pub struct Forwarding<'helper> {
    pub poll: &'helper Poll,
    pub bridges: &'helper Bridges,
    pub factory: &'helper mut SocketFactory,
    pub relays: &'helper mut TcpRelays,
}

impl PublishedPorts {
    pub fn new(keep_client_address: bool, budget: DescriptorBudget) -> Self {
        Self {
            listeners: BTreeMap::new(),
            most: budget.listeners(),
            next: 0,
            clients: UdpClients::new(budget),
            containers: ContainerListeners::probe(),
            closed: ClosedPorts::default(),
            spare: SpareDescriptor::default(),
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

    /// Adds a network namespace with a connection to its table of sockets.
    pub fn add_namespace(&mut self, namespace: u64, sockets: Option<OwnedFd>) {
        if let Some(sockets) = sockets {
            self.containers.add(namespace, sockets);
        }
    }

    pub fn remove_namespace(&mut self, namespace: u64) {
        self.unpublish(namespace);
        self.containers.remove(namespace);
    }

    /// Binds all of the ports, or none of them. Fails with `EMFILE` if there are too many ports.
    pub fn publish(
        &mut self,
        poll: &Poll,
        publication: &Publication,
    ) -> Result<Vec<PublishedPort>, BindError> {
        let mut published = Vec::new();
        let mut bound = Vec::new();
        let target = target(publication.ipv4, publication.ipv6);
        for request in &publication.ports {
            let (port, sockets) = bind_request(request)?;
            let addresses = sockets.iter().map(|(address, _)| *address).collect();
            published.push(PublishedPort { addresses, port });
            bound.extend(sockets.into_iter().map(|(address, socket)| {
                let address = SocketAddr::new(address, port);
                (address, socket, (request.protocol, request.container_port))
            }));
            if self.listeners.len() + bound.len() > self.most {
                return Err(BindError {
                    protocol: request.protocol,
                    address: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
                    errno: Errno::MFILE,
                });
            }
        }
        for (address, socket, container_port) in bound {
            let index = self.next;
            self.next += 1;
            let token = EventToken::single(EventSource::PublishedPorts, index);
            let socket = Watched::new(socket, token);
            let listener = PortListener::new(publication.namespace, container_port, target, socket);
            self.listeners.insert(index, listener);
            if let Err(errno) = self.update(poll, index) {
                self.unpublish(publication.namespace);
                let (protocol, _) = container_port;
                return Err(BindError {
                    protocol,
                    address,
                    errno,
                });
            }
        }
        Ok(published)
    }

    /// Directs the ports of a network namespace to other addresses of the namespace. Closes the ports if there is no
    /// address, so that other containers can publish them.
    pub fn retarget(
        &mut self,
        poll: &Poll,
        namespace: u64,
        ipv4: Option<Ipv4Addr>,
        ipv6: Option<Ipv6Addr>,
    ) {
        let Some(target) = target(ipv4, ipv6) else {
            return self.unpublish(namespace);
        };
        let own = self.listeners.iter_mut();
        let own = own.filter(|(_, listener)| listener.namespace == namespace);
        let mut changed = Vec::new();
        for (index, listener) in own {
            listener.target = Some(target);
            self.clients.close_listener(*index);
            changed.push(*index);
        }
        for index in changed {
            let _ = self.update(poll, index);
        }
    }

    /// Closes the ports of a network namespace.
    pub fn unpublish(&mut self, namespace: u64) {
        let Self {
            listeners,
            clients,
            closed,
            ..
        } = self;
        listeners.retain(|index, listener| {
            let kept = listener.namespace != namespace;
            if !kept {
                clients.close_listener(*index);
                closed.remove(*index);
            }
            kept
        });
    }

    /// Opens a port if a program in the container listens, and closes it otherwise. A UDP port is always open.
    fn update(&mut self, poll: &Poll, index: u64) -> Result<(), Errno> {
        let Some(listener) = self.listeners.get_mut(&index) else {
            return Ok(());
        };
        self.closed.remove(index);
        if listener.protocol == Protocol::Udp || is_answered(&self.containers, listener) {
            return listener.open(poll);
        }
        listener.close(poll);
        if listener.target.is_some() {
            self.closed.insert(index);
        }
        Ok(())
    }

    /// Returns the time until [`PublishedPorts::check`] has ports to check.
    pub fn next_check(&self) -> Option<Duration> {
        self.closed.next_check()
    }

    /// Opens the closed ports at which programs in the containers listen by now.
    pub fn check(&mut self, poll: &Poll, factory: &mut SocketFactory) {
        let Some(check) = self.closed.take_due() else {
            return;
        };
        for index in &check.ports {
            let Some(listener) = self.listeners.get_mut(index) else {
                continue;
            };
            let addresses = listener.addresses(Ipv4Addr::LOCALHOST.into());
            let found = is_answered(&self.containers, listener)
                || check.attempt && addresses.into_iter().any(|one| connects(factory, one));
            if found && listener.open(poll).is_ok() {
                self.closed.remove(*index);
            }
        }
        let closed = self.closed.iter();
        let listeners = closed.filter_map(|index| self.listeners.get(index));
        let youngest = listeners.map(|one| one.closed_since.elapsed()).min();
        self.closed.finish(&check, youngest);
    }

    /// Accepts the connections or datagrams that wait at a port.
    pub fn ready(&mut self, forwarding: &mut Forwarding<'_>, index: u64) {
        for _ in 0..READ_AT_ONCE {
            let Some(listener) = self.listeners.get(&index).filter(|one| one.is_open()) else {
                return;
            };
            match listener.protocol {
                Protocol::Tcp => {
                    let Ok(Some((client, from))) = sockets::accept(listener.socket(), &self.spare)
                    else {
                        return;
                    };
                    let attempt = Attempt {
                        listener: index,
                        number: 0,
                    };
                    self.connect(forwarding, client, from, attempt);
                }
                Protocol::Udp => {
                    let received = inet::receive(listener.socket(), &mut self.buffer);
                    let Ok(datagram) = received else {
                        return;
                    };
                    let bytes = &self.buffer[..datagram.length];
                    let from = datagram.source;
                    let keep = self.keep_client_address
                        && is_routed_to_helper(forwarding.bridges, from.ip());
                    let Some(address) = listener.addresses(from.ip()).first().copied() else {
                        continue;
                    };
                    let owner = FlowOwner::Namespace(listener.namespace);
                    self.clients
                        .forward(forwarding.poll, owner, index, (&datagram, bytes), || {
                            open_udp(forwarding.factory, address, from, keep)
                        });
                }
            }
        }
    }

    /// Tries the container's next address for a client whose connection an address has refused.
    pub fn refused(&mut self, forwarding: &mut Forwarding<'_>, refused: Refused) {
        match sockets::peer_address(&refused.client) {
            Ok(from) => self.connect(forwarding, refused.client, from, refused.attempt),
            Err(_) => sockets::reset(refused.client),
        }
    }

    /// Connects a client to the container. Tries the addresses from the attempt's number on. If all of them refuse,
    /// later clients are refused as well.
    fn connect(
        &mut self,
        forwarding: &mut Forwarding<'_>,
        client: OwnedFd,
        from: SocketAddr,
        attempt: Attempt,
    ) {
        let Forwarding {
            poll,
            bridges,
            factory,
            relays,
        } = forwarding;
        let Some(listener) = self.listeners.get(&attempt.listener) else {
            return sockets::reset(client);
        };
        let owner = FlowOwner::Namespace(listener.namespace);
        let keep = self.keep_client_address && is_routed_to_helper(bridges, from.ip());
        let addresses = listener.addresses(from.ip()).into_iter().enumerate();
        for (number, address) in addresses.skip(attempt.number) {
            if let Ok(container) = connect(factory, address, from, keep) {
                let next = Attempt {
                    number: number + 1,
                    ..attempt
                };
                return relays.add(poll, owner, [client, container], Some(next));
            }
        }
        sockets::reset(client);
        let (namespace, port) = (listener.namespace, listener.port);
        let same = self.listeners.iter();
        let same = same.filter(|(_, one)| one.namespace == namespace && one.port == port);
        let same: Vec<u64> = same.map(|(index, _)| *index).collect();
        for index in same {
            let _ = self.update(poll, index);
        }
    }

    /// Sends a container's answers to a client. If the container's first address has refused the client's datagram,
    /// sends the datagram to the other address.
    pub fn answer(&mut self, forwarding: &mut Forwarding<'_>, client: u64) {
        let listeners = &self.listeners;
        let socket = |index: u64| listeners.get(&index).map(PortListener::socket);
        let refused = self.clients.answer(client, socket, &mut self.buffer);
        let Some((index, from)) = refused else {
            return;
        };
        let Some(listener) = self.listeners.get(&index) else {
            return;
        };
        let keep = self.keep_client_address && is_routed_to_helper(forwarding.bridges, from.ip());
        if let Some(address) = listener.addresses(from.ip()).get(1)
            && let Ok(socket) = open_udp(forwarding.factory, *address, from, keep)
        {
            self.clients.redirect(forwarding.poll, client, socket);
        }
    }

    /// Closes idle flows of datagrams.
    pub fn expire(&mut self) {
        self.clients.expire();
    }
}

fn target(ipv4: Option<Ipv4Addr>, ipv6: Option<Ipv6Addr>) -> Option<Target> {
    ipv4.map(|ipv4| Target { ipv4, ipv6 })
}

/// Returns whether a program in the container listens at one of the container's addresses. Returns true if that is
/// unknown.
fn is_answered(containers: &ContainerListeners, listener: &PortListener) -> bool {
    let addresses = listener.addresses(Ipv4Addr::LOCALHOST.into());
    let mut known = addresses
        .into_iter()
        .map(|address| containers.listens(listener.namespace, address));
    known.any(|listens| listens != Some(false))
}

/// Returns whether a container may see a client's address: answers to the address must return to the helper.
fn is_routed_to_helper(bridges: &Bridges, address: IpAddr) -> bool {
    !address.is_loopback() && !bridges.contains(address) && !is_link_local(address)
}

/// Returns whether an address is valid on one interface only.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

#[cfg(test)]
mod tests;
