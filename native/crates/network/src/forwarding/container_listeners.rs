//! Queries of the kernel about the sockets of a network namespace (linux/inet_diag.h), which show whether a program in
//! the container listens. No packet is sent, so no server sees an attempt to connect.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::netlink::{Batch, Netlink, Subject, first_type};

/// SOCK_DIAG_BY_FAMILY.
const BY_FAMILY: u16 = 20;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;

/// Connections to the namespaces' tables of sockets, by namespace.
#[derive(Debug)]
pub struct ContainerListeners {
    connections: HashMap<u64, OwnedFd>,
    /// Whether the kernel lists TCP sockets. Without the module `tcp_diag`, it answers as if no socket existed.
    supported: bool,
}

impl ContainerListeners {
    /// Tests whether the kernel lists sockets.
    pub fn probe() -> Self {
        let own = Netlink::open(Subject::Sockets).map(Netlink::into_socket);
        Self::with_own_sockets(own.ok())
    }

    /// `own` is a connection to the table of the calling thread's namespace.
    fn with_own_sockets(own: Option<OwnedFd>) -> Self {
        Self {
            connections: HashMap::new(),
            supported: own.is_some_and(|own| finds_listener(&own)),
        }
    }

    /// Adds a namespace with a connection of the subject [`crate::netlink::Subject::Sockets`].
    pub fn add(&mut self, namespace: u64, sockets: OwnedFd) {
        self.connections.insert(namespace, sockets);
    }

    pub fn remove(&mut self, namespace: u64) {
        self.connections.remove(&namespace);
    }

    /// Returns whether a TCP socket of the namespace listens for connections to the address; `None` if that cannot be
    /// known.
    pub fn listens(&self, namespace: u64, address: SocketAddr) -> Option<bool> {
        let sockets = self.connections.get(&namespace).filter(|_| self.supported);
        query(sockets?, address)
    }
}

/// Returns whether the table of sockets shows a socket that this function opens.
fn finds_listener(sockets: &OwnedFd) -> bool {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.as_ref().ok().and_then(|one| one.local_addr().ok());
    address.is_some_and(|address| query(sockets, address) == Some(true))
}

/// Returns whether the table of sockets has one that listens at the address; `None` if that cannot be known.
fn query(sockets: impl AsFd, address: SocketAddr) -> Option<bool> {
    let mut batch = Batch::default();
    batch.silent(BY_FAMILY, &request(address));
    send(&sockets, batch.as_bytes(), SendFlags::empty()).ok()?;
    let mut buffer = [0; 1024];
    loop {
        match recv(&sockets, &mut buffer[..], RecvFlags::empty()) {
            Ok((_, length)) => match first_type(&buffer[..length]) {
                (BY_FAMILY, _) => return Some(true),
                (_, Some(Errno::NOENT)) => return Some(false),
                _ => return None,
            },
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

/// Returns a `struct inet_diag_req_v2` for the socket that would receive a connection to the address.
fn request(address: SocketAddr) -> Vec<u8> {
    const ALL_STATES: u32 = u32::MAX;
    const NO_COOKIE: [u8; 8] = [0xff; 8];
    let (family, mut octets) = match address.ip() {
        IpAddr::V4(address) => (AF_INET, address.octets().to_vec()),
        IpAddr::V6(address) => (AF_INET6, address.octets().to_vec()),
    };
    octets.resize(16, 0);
    let mut request = vec![family, IPPROTO_TCP, 0, 0];
    request.extend(ALL_STATES.to_ne_bytes());
    // Local port and peer's port, local address and peer's address, interface.
    request.extend(address.port().to_be_bytes());
    request.extend([0; 2]);
    request.extend(octets);
    request.extend([0; 16]);
    request.extend([0; 4]);
    request.extend(NO_COOKIE);
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    #[test]
    fn a_port_listens_while_a_program_accepts_connections_at_its_address() {
        let netlink = Netlink::open(Subject::Sockets).unwrap();
        let mut listeners = ContainerListeners::probe();
        listeners.add(1, netlink.into_socket());
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = server.local_addr().unwrap().port();
        let at = |address: IpAddr| listeners.listens(1, SocketAddr::new(address, port));
        if at(Ipv4Addr::LOCALHOST.into()).is_none() {
            eprintln!("skipped: the kernel does not list sockets");
            return;
        }
        assert_eq!(at(Ipv4Addr::LOCALHOST.into()), Some(true));
        assert_eq!(at([127, 0, 0, 2].into()), Some(false));
        assert_eq!(at(Ipv6Addr::LOCALHOST.into()), Some(false));
        drop(server);
        assert_eq!(at(Ipv4Addr::LOCALHOST.into()), Some(false));
        assert_eq!(
            listeners.listens(2, (Ipv4Addr::LOCALHOST, port).into()),
            None
        );
    }

    #[test]
    fn a_socket_for_both_versions_listens_at_addresses_of_both() {
        let Ok(server) = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)) else {
            eprintln!("skipped: no IPv6");
            return;
        };
        let port = server.local_addr().unwrap().port();
        let netlink = Netlink::open(Subject::Sockets).unwrap();
        let mut listeners = ContainerListeners::probe();
        listeners.add(1, netlink.into_socket());
        for address in [
            IpAddr::from(Ipv4Addr::LOCALHOST),
            Ipv6Addr::LOCALHOST.into(),
        ] {
            assert_ne!(listeners.listens(1, (address, port).into()), Some(false));
        }
    }

    /// Answers each request like a kernel without the module `tcp_diag`.
    fn kernel_without_lists() -> OwnedFd {
        let (ours, kernel) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok((_, 1..)) = recv(&kernel, &mut buffer[..], RecvFlags::empty()) {
                let mut answer = Vec::new();
                // Length, NLMSG_ERROR, flags, sequence number, port, -ENOENT.
                answer.extend(20_u32.to_ne_bytes());
                answer.extend(2_u16.to_ne_bytes());
                answer.extend([0; 10]);
                answer.extend((-Errno::NOENT.raw_os_error()).to_ne_bytes());
                send(&kernel, &answer, SendFlags::empty()).unwrap();
            }
        });
        ours
    }

    #[test]
    fn listeners_are_unknown_if_the_kernel_lists_no_sockets() {
        let mut listeners = ContainerListeners::with_own_sockets(Some(kernel_without_lists()));
        listeners.add(1, kernel_without_lists());
        assert_eq!(listeners.listens(1, (Ipv4Addr::LOCALHOST, 80).into()), None);
    }
}
