//! Connections to DNS servers: to a server in a container from the bridges' namespace, to any other from the host.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::io::Errno;
use sys::event::Poll;

use super::PORT;
use super::host_resolver::HostResolver;
use crate::bridge_namespace::{SocketFactory, SocketKind};
use crate::bridges::Bridges;
use crate::sockets;

/// The parts of the helper that the name server uses.
pub struct NetworkAccess<'helper> {
    pub poll: &'helper Poll,
    pub bridges: &'helper Bridges,
    pub factory: &'helper mut SocketFactory,
}

/// The servers that answer questions about names outside the containers' networks.
pub struct Upstream<'access, 'helper> {
    pub access: &'access mut NetworkAccess<'helper>,
    pub host: &'access mut HostResolver,
}

impl Upstream<'_, '_> {
    pub fn poll(&self) -> &Poll {
        self.access.poll
    }

    /// Returns a container's own servers, or the host's if there are none. At least one.
    pub fn servers(&mut self, own: &[IpAddr]) -> Vec<IpAddr> {
        match own.is_empty() {
            true => self.host.servers(Instant::now()).to_vec(),
            false => own.to_vec(),
        }
    }

    /// Starts a TCP connection to a server.
    pub fn connect_tcp(&mut self, server: IpAddr) -> Result<OwnedFd, Errno> {
        let address = SocketAddr::new(server, PORT);
        if !self.access.bridges.contains(server) {
            return sockets::connect_tcp(address);
        }
        let socket = self.access.factory.socket(SocketKind::Tcp, server)?;
        sockets::begin_connection(&socket, address)?;
        Ok(socket)
    }

    /// Returns a UDP socket that is connected to a server.
    pub fn connect_udp(&mut self, server: IpAddr) -> Result<OwnedFd, Errno> {
        let address = SocketAddr::new(server, PORT);
        if !self.access.bridges.contains(server) {
            return sockets::connect_udp(address);
        }
        let socket = self.access.factory.socket(SocketKind::Udp, server)?;
        rustix::net::connect(&socket, &address)?;
        Ok(socket)
    }
}
