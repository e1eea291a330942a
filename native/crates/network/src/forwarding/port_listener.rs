//! The host's socket for one published port, and the addresses of the container behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use protocol::net::Protocol;
use rustix::io::Errno;
use rustix::net::bind;
use sys::event::{Interest, Poll};
use sys::inet;
use sys::watched::Watched;

use crate::bridge_namespace::{SocketFactory, SocketKind};
use crate::sockets;

/// Addresses of a container.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub ipv4: Ipv4Addr,
    pub ipv6: Option<Ipv6Addr>,
}

/// A published port at one address of the host. A TCP port listens only while a program in the container listens;
/// otherwise the kernel refuses clients.
#[derive(Debug)]
pub struct PortListener {
    pub namespace: u64,
    pub protocol: Protocol,
    /// The container's port.
    pub port: u16,
    /// `None` while the container has no network.
    pub target: Option<Target>,
    /// The time since which clients are refused.
    pub closed_since: Instant,
    socket: Watched,
    open: bool,
}

impl PortListener {
    pub fn new(
        namespace: u64,
        (protocol, port): (Protocol, u16),
        target: Option<Target>,
        socket: Watched,
    ) -> Self {
        Self {
            namespace,
            protocol,
            port,
            target,
            closed_since: Instant::now(),
            socket,
            open: false,
        }
    }

    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    pub fn open(&mut self, poll: &Poll) -> Result<(), Errno> {
        if self.open {
            return Ok(());
        }
        if self.protocol == Protocol::Tcp {
            sockets::begin_listening(self.socket.as_fd())?;
        }
        self.socket.watch(poll, Some(Interest::READ))?;
        self.open = true;
        Ok(())
    }

    /// Refuses clients of a TCP port from now on.
    pub fn close(&mut self, poll: &Poll) {
        if !self.open || self.protocol == Protocol::Udp {
            return;
        }
        self.open = false;
        self.closed_since = Instant::now();
        let _ = self.socket.watch(poll, None);
        let _ = sockets::refuse(self.socket.as_fd());
    }

    /// Returns the container's addresses in the order in which a client's connection tries them: first that of the
    /// client's address family.
    pub fn addresses(&self, client: IpAddr) -> Vec<SocketAddr> {
        let Some(Target { ipv4, ipv6 }) = self.target else {
            return Vec::new();
        };
        let ipv4 = SocketAddr::from((ipv4, self.port));
        let ipv6 = ipv6.map(|address| SocketAddr::from((address, self.port)));
        let mut all: Vec<SocketAddr> = [ipv4].into_iter().chain(ipv6).collect();
        all.sort_by_key(|address| address.is_ipv4() != client.is_ipv4());
        all
    }
}

/// Starts a connection to a container, from the client's address if `keep` and the families are the same.
pub fn connect(
    factory: &mut SocketFactory,
    address: SocketAddr,
    from: SocketAddr,
    keep: bool,
) -> Result<OwnedFd, Errno> {
    let socket = factory.socket(SocketKind::Tcp, address.ip())?;
    if keep && address.is_ipv4() == from.is_ipv4() {
        inet::set_transparent(socket.as_fd(), from.ip())?;
        inet::set_late_port(socket.as_fd())?;
        bind(&socket, &SocketAddr::new(from.ip(), 0))?;
    }
    sockets::begin_connection(&socket, address)?;
    Ok(socket)
}

/// Returns a UDP socket that is connected to a container.
pub fn open_udp(
    factory: &mut SocketFactory,
    address: SocketAddr,
    from: SocketAddr,
    keep: bool,
) -> Result<OwnedFd, Errno> {
    let socket = factory.socket(SocketKind::Udp, address.ip())?;
    if keep && address.is_ipv4() == from.is_ipv4() {
        inet::set_transparent(socket.as_fd(), from.ip())?;
        rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
        bind(&socket, &from)?;
    }
    rustix::net::connect(&socket, &address)?;
    Ok(socket)
}

/// Returns whether a connection to the container is established at once. The connection is then reset.
pub fn connects(factory: &mut SocketFactory, address: SocketAddr) -> bool {
    let Ok(socket) = factory.socket(SocketKind::Tcp, address.ip()) else {
        return false;
    };
    let begun = sockets::begin_connection(&socket, address).is_ok();
    let connected = begun && matches!(rustix::net::getpeername(&socket), Ok(Some(_)));
    sockets::reset(socket);
    connected
}
