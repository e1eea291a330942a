//! Non-blocking TCP and UDP sockets.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};
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

/// Reserves a port without listening, so that clients are refused: no other socket can have the address meanwhile.
pub fn reserve_tcp(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let bound = |address: SocketAddr| {
        let socket = tcp(address.ip())?;
        set_socket_reuseaddr(&socket, true)?;
        bind(&socket, &address)?;
        Ok(socket)
    };
    let mut socket = bound(address)?;
    if address.port() == 0 {
        // A port that the kernel has chosen is lost when the socket stops listening.
        let chosen = local_address(&socket)?;
        socket = bound(chosen)?;
    }
    // With reusable addresses, the kernel tests for conflicts only when a socket starts to listen.
    listen(&socket, BACKLOG)?;
    refuse(socket.as_fd())?;
    Ok(socket)
}

/// Makes a socket of [`reserve_tcp`] listen.
pub fn begin_listening(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    // Connections of an earlier program at the port may still be open.
    set_socket_reuseaddr(socket, true)?;
    listen(socket, BACKLOG)
}

/// Ends listening. The port stays reserved. The socket must not be watched, because epoll would report a hang-up of the
/// socket all the time.
pub fn refuse(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    rustix::net::shutdown(socket, rustix::net::Shutdown::Read)?;
    set_socket_reuseaddr(socket, false)
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
    // Other sockets are bound to the addresses of destinations, whose port may be the same.
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

/// A descriptor that is closed when the process has no other left, to reset a connection that cannot be accepted. An
/// event loop would otherwise be woken for the connection again and again.
#[derive(Debug)]
pub struct SpareDescriptor(RefCell<Option<OwnedFd>>);

impl Default for SpareDescriptor {
    fn default() -> Self {
        Self(RefCell::new(Self::open()))
    }
}

impl SpareDescriptor {
    /// Time to wait when not even the spare descriptor exists.
    const BACK_OFF: Duration = Duration::from_millis(1);

    fn open() -> Option<OwnedFd> {
        eventfd(0, EventfdFlags::CLOEXEC).ok()
    }

    /// Resets the first connection that waits.
    fn refuse_one(&self, listener: BorrowedFd<'_>) {
        drop(self.0.take());
        match accept_with(listener, ACCEPTED) {
            Ok(socket) => reset(socket),
            Err(Errno::MFILE | Errno::NFILE) => std::thread::sleep(Self::BACK_OFF),
            Err(_) => {}
        }
        self.0.replace(Self::open());
    }
}

/// Flags of an accepted connection.
const ACCEPTED: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

/// Accepts a connection and returns its peer, or `None` when no connection waits. Without a free descriptor, resets the
/// first connection and returns the error.
pub fn accept(
    listener: impl AsFd,
    spare: &SpareDescriptor,
) -> Result<Option<(OwnedFd, SocketAddr)>, Errno> {
    loop {
        match accept_with(&listener, ACCEPTED) {
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
            Err(errno) => {
                if matches!(errno, Errno::MFILE | Errno::NFILE) {
                    spare.refuse_one(listener.as_fd());
                }
                return Err(errno);
            }
        }
    }
}

/// Returns a socket's own address. A diverted connection has its original destination.
pub fn local_address(socket: impl AsFd) -> Result<SocketAddr, Errno> {
    internet_address(rustix::net::getsockname(socket)?)
}

/// Returns the address of a connection's peer.
pub fn peer_address(socket: impl AsFd) -> Result<SocketAddr, Errno> {
    let peer = rustix::net::getpeername(socket)?.ok_or(Errno::NOTCONN)?;
    internet_address(peer)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    #[test]
    fn a_reserved_port_refuses_clients_and_other_servers_until_it_listens() {
        let socket = reserve_tcp((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = local_address(&socket).unwrap();
        for _ in 0..3 {
            let refused = TcpStream::connect(address).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            let taken = TcpListener::bind(address).unwrap_err();
            assert_eq!(taken.kind(), ErrorKind::AddrInUse);
            begin_listening(socket.as_fd()).unwrap();
            let client = TcpStream::connect(address).unwrap();
            let (_server, from) = accept(&socket, &SpareDescriptor::default())
                .unwrap()
                .unwrap();
            assert_eq!(client.local_addr().unwrap(), from);
            refuse(socket.as_fd()).unwrap();
            assert_eq!(local_address(&socket).unwrap(), address);
        }
    }
}
