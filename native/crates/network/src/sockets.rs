//! Sockets that never wait, as the helper needs them.

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

/// Takes connections for this address.
pub fn listen_tcp(place: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = tcp(place.ip())?;
    set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &place)?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// Takes connections for every address that packets are diverted from.
pub fn listen_tcp_diverted(place: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = tcp(place.ip())?;
    set_socket_reuseaddr(&socket, true)?;
    inet::set_transparent(socket.as_fd(), place.ip())?;
    bind(&socket, &place)?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

pub fn bind_udp(place: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = udp(place.ip())?;
    bind(&socket, &place)?;
    Ok(socket)
}

/// As [`listen_tcp_diverted`], for datagrams, which tell where they were sent.
pub fn bind_udp_diverted(place: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = udp(place.ip())?;
    inet::set_transparent(socket.as_fd(), place.ip())?;
    inet::set_receive_destination(socket.as_fd(), place.ip())?;
    bind(&socket, &place)?;
    Ok(socket)
}

/// A connection that is being made; ready for writing when it is, or has failed.
pub fn connect_tcp(place: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = tcp(place.ip())?;
    begin_connection(&socket, place)?;
    Ok(socket)
}

pub fn begin_connection(socket: &OwnedFd, place: SocketAddr) -> Result<(), Errno> {
    prepare_stream(socket)?;
    match connect(socket, &place) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(()),
        Err(errno) => Err(errno),
    }
}

pub fn connect_udp(place: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = udp(place.ip())?;
    connect(&socket, &place)?;
    Ok(socket)
}

/// One waiting connection, and whom it is from; nothing when none waits.
pub fn accept(listener: &OwnedFd) -> Result<Option<(OwnedFd, SocketAddr)>, Errno> {
    loop {
        match accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            Ok(socket) => {
                prepare_stream(&socket)?;
                // One that has already ended has no peer any more.
                match rustix::net::getpeername(&socket) {
                    Ok(Some(peer)) => return Ok(Some((socket, address(peer)?))),
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

/// Which address a socket has; of a diverted connection the one that it was meant for.
pub fn local_address(socket: impl AsFd) -> Result<SocketAddr, Errno> {
    address(rustix::net::getsockname(socket)?)
}

/// Has the peer of a connection see it broken off, not ended.
pub fn break_off(socket: OwnedFd) {
    let _ = set_socket_linger(&socket, Some(Duration::ZERO));
}

fn prepare_stream(socket: &OwnedFd) -> Result<(), Errno> {
    set_tcp_nodelay(socket, true)?;
    set_socket_keepalive(socket, true)
}

fn address(any: SocketAddrAny) -> Result<SocketAddr, Errno> {
    SocketAddr::try_from(any)
}
