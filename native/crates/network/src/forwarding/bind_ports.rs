//! Binding the host's ports for a publication.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use protocol::net::{PortRequest, Protocol};
use rustix::io::Errno;
use sys::inet;

use crate::sockets;

/// Attempts to find a random port that is free on all addresses.
const RANDOM_ATTEMPTS: usize = 64;

/// A port that cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("{protocol:?} {address}: {errno}")]
pub struct BindError {
    pub protocol: Protocol,
    pub address: SocketAddr,
    pub errno: Errno,
}

/// Sockets by address.
type Sockets = Vec<(IpAddr, OwnedFd)>;

/// Binds the first port of the request that is free on all of its addresses. TCP sockets do not listen yet.
pub fn bind_request(request: &PortRequest) -> Result<(u16, Sockets), BindError> {
    let any = request.first == 0;
    let numbers: Vec<u16> = match any {
        true => vec![0; RANDOM_ATTEMPTS],
        false => (request.first..=request.last.max(request.first)).collect(),
    };
    let mut result = Err(BindError {
        protocol: request.protocol,
        address: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), request.first),
        errno: Errno::ADDRNOTAVAIL,
    });
    for number in numbers {
        result = bind_port(request, number);
        match &result {
            Err(BindError {
                errno: Errno::ADDRINUSE,
                ..
            }) => {}
            _ => break,
        }
    }
    result
}

/// Binds the same port on all of the addresses.
fn bind_port(request: &PortRequest, number: u16) -> Result<(u16, Sockets), BindError> {
    let mut bound: Sockets = Vec::new();
    let mut port = number;
    for ip in &request.addresses {
        let address = SocketAddr::new(*ip, port);
        let socket = match request.protocol {
            Protocol::Tcp => sockets::reserve_tcp(address),
            Protocol::Udp => sockets::bind_udp(address).and_then(|socket| {
                inet::set_receive_local(socket.as_fd(), *ip)?;
                Ok(socket)
            }),
        };
        match socket.and_then(|socket| Ok((sockets::local_address(&socket)?.port(), socket))) {
            Ok((number, socket)) => {
                port = number;
                bound.push((*ip, socket));
            }
            // A host without IPv6 has no clients that use it.
            Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL)
                if ip.is_unspecified() && !bound.is_empty() => {}
            Err(errno) => {
                let protocol = request.protocol;
                return Err(BindError {
                    protocol,
                    address,
                    errno,
                });
            }
        }
    }
    Ok((port, bound))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

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
        let (port, bound) = bind_request(&request(0, 0, &["127.0.0.1", "127.0.0.2"])).unwrap();
        assert_eq!(bound.len(), 2);
        for (address, socket) in &bound {
            let bound = sockets::local_address(socket).unwrap();
            assert_eq!(bound, SocketAddr::new(*address, port));
        }
    }

    #[test]
    fn the_first_free_port_of_a_range_is_used_and_an_error_names_the_taken_one() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let first = taken.local_addr().unwrap().port();
        let error = bind_request(&request(first, first, &["127.0.0.1"])).unwrap_err();
        assert_eq!(error.errno, Errno::ADDRINUSE);
        assert_eq!(error.address, taken.local_addr().unwrap());
        if first < u16::MAX - 20 {
            let (port, _) = bind_request(&request(first, first + 20, &["127.0.0.1"])).unwrap();
            assert!(port > first && port <= first + 20);
        }
    }
}
