//! Non-blocking TCP and UDP sockets.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{
    set_ipv6_v6only, set_socket_keepalive, set_socket_linger, set_socket_reuseaddr, set_tcp_nodelay,
};
use rustix::net::{
    AddressFamily, SocketAddrAny, SocketFlags, SocketType, accept_with, bind, connect, listen,
    socket_with,
};
use sys::inet;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

pub fn tcp(address: IpAddr) -> Result<OwnedFd, Errno> {
    create(address, SocketType::STREAM)
}

pub fn udp(address: IpAddr) -> Result<OwnedFd, Errno> {
    create(address, SocketType::DGRAM)
}

fn create(address: IpAddr, kind: SocketType) -> Result<OwnedFd, Errno> {
    let family = match address {
        IpAddr::V4(_) => AddressFamily::INET,
        IpAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, kind, flags, None)?;
    if address.is_ipv6() {
        set_ipv6_v6only(&socket, true)?;
    }
    Ok(socket)
}

/// Listens on an address.
pub fn listen_tcp(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = tcp(address.ip())?;
    set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// Listens for diverted connections, whatever their destination.
pub fn listen_tcp_diverted(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = tcp(address.ip())?;
    set_socket_reuseaddr(&socket, true)?;
    inet::set_transparent(socket.as_fd(), address.ip())?;
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

pub fn bind_udp(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = udp(address.ip())?;
    bind(&socket, &address)?;
    Ok(socket)
}

/// Receives diverted datagrams together with their destinations.
pub fn bind_udp_diverted(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = udp(address.ip())?;
    inet::set_transparent(socket.as_fd(), address.ip())?;
    inet::set_receive_destination(socket.as_fd(), address.ip())?;
    // Sockets with the address of a destination share the port if the destination has the same one.
    set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)?;
    Ok(socket)
}

/// Starts a connection. The socket becomes writable when it is established or has failed.
pub fn connect_tcp(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = tcp(address.ip())?;
    begin_connection(&socket, address)?;
    Ok(socket)
}

pub fn begin_connection(socket: &OwnedFd, address: SocketAddr) -> Result<(), Errno> {
    prepare_stream(socket)?;
    match connect(socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(()),
        Err(errno) => Err(errno),
    }
}

pub fn connect_udp(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = udp(address.ip())?;
    connect(&socket, &address)?;
    Ok(socket)
}

/// Accepts a connection and returns its peer, or `None` when no connection waits.
pub fn accept(listener: &OwnedFd) -> Result<Option<(OwnedFd, SocketAddr)>, Errno> {
    loop {
        match accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            Ok(socket) => {
                prepare_stream(&socket)?;
                // A connection that is closed already has no peer.
                match rustix::net::getpeername(&socket) {
                    Ok(Some(peer)) => return Ok(Some((socket, internet_address(peer)?))),
                    Ok(None) | Err(Errno::NOTCONN) => {}
                    Err(errno) => return Err(errno),
                }
            }
            Err(Errno::AGAIN) => return Ok(None),
            Err(Errno::INTR | Errno::CONNABORTED) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Returns a socket's own address. A diverted connection has its original destination.
pub fn local_address(socket: impl AsFd) -> Result<SocketAddr, Errno> {
    internet_address(rustix::net::getsockname(socket)?)
}

/// Closes a connection so that its peer receives a reset.
pub fn reset(socket: OwnedFd) {
    let _ = set_socket_linger(&socket, Some(Duration::ZERO));
}

fn prepare_stream(socket: &OwnedFd) -> Result<(), Errno> {
    set_tcp_nodelay(socket, true)?;
    set_socket_keepalive(socket, true)
}

fn internet_address(any: SocketAddrAny) -> Result<SocketAddr, Errno> {
    SocketAddr::try_from(any)
}
