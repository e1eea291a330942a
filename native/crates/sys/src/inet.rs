//! Internet sockets with local addresses that the machine does not have.

use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;

use crate::errno;

const IPV6_RECVORIGDSTADDR: libc::c_int = 74;
const IPV6_TRANSPARENT: libc::c_int = 75;

/// Size of the buffer for control messages, enough for the largest below with its header.
const CONTROL: usize = 128;

/// Allows a socket to be bound to any address and to accept connections to it. Requires CAP_NET_ADMIN.
pub fn set_transparent(socket: BorrowedFd<'_>, address: IpAddr) -> Result<(), Errno> {
    match address {
        IpAddr::V4(_) => set(socket, libc::SOL_IP, libc::IP_TRANSPARENT, 1),
        IpAddr::V6(_) => set(socket, libc::SOL_IPV6, IPV6_TRANSPARENT, 1),
    }
}

/// Delays the choice of a port until connect, when only the pair of addresses must be unique.
pub fn set_late_port(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    set(socket, libc::SOL_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1)
}

/// Makes [`receive`] report the address and port that a datagram was sent to before it was redirected.
pub fn set_receive_destination(socket: BorrowedFd<'_>, address: IpAddr) -> Result<(), Errno> {
    match address {
        IpAddr::V4(_) => set(socket, libc::SOL_IP, libc::IP_RECVORIGDSTADDR, 1),
        IpAddr::V6(_) => set(socket, libc::SOL_IPV6, IPV6_RECVORIGDSTADDR, 1),
    }
}

/// Makes [`receive`] report the local address that a datagram was sent to, with port 0.
pub fn set_receive_local(socket: BorrowedFd<'_>, address: IpAddr) -> Result<(), Errno> {
    match address {
        IpAddr::V4(_) => set(socket, libc::SOL_IP, libc::IP_PKTINFO, 1),
        IpAddr::V6(_) => set(socket, libc::SOL_IPV6, libc::IPV6_RECVPKTINFO, 1),
    }
}

/// A received datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram {
    pub length: usize,
    pub source: SocketAddr,
    /// Destination, if the socket was set to report it.
    pub destination: Option<SocketAddr>,
}

/// Receives a datagram without waiting; EAGAIN if there is none.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Datagram, Errno> {
    let mut source = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut control = [0_u64; CONTROL / 8];
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: all-zero is a valid msghdr.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_name = source.as_mut_ptr().cast();
    message.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = CONTROL as _;
    // SAFETY: every pointer in the message refers to memory of the given length that outlives the call.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_DONTWAIT) };
    let length = usize::try_from(length).map_err(|_| errno::last())?;
    // SAFETY: zeroed above, and the kernel has written an address over it.
    let source = read_address(unsafe { source.assume_init_ref() }).ok_or(Errno::AFNOSUPPORT)?;
    Ok(Datagram {
        length,
        source,
        destination: destination(&message),
    })
}

/// Sends a datagram without waiting, from a given local address if there is one.
pub fn send(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    to: SocketAddr,
    from: Option<IpAddr>,
) -> Result<(), Errno> {
    let (name, length) = write_address(to);
    let mut control = [0_u64; CONTROL / 8];
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: all-zero is a valid msghdr.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_name = (&raw const name).cast_mut().cast();
    message.msg_namelen = length;
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    match from {
        Some(IpAddr::V4(address)) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: native4(address),
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            add_control(&mut message, libc::SOL_IP, libc::IP_PKTINFO, info);
        }
        Some(IpAddr::V6(address)) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: native6(address),
                ipi6_ifindex: 0,
            };
            add_control(&mut message, libc::SOL_IPV6, libc::IPV6_PKTINFO, info);
        }
        None => message.msg_control = std::ptr::null_mut(),
    }
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: every pointer in the message refers to memory of the given length that outlives the call.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, flags) };
    if sent < 0 { Err(errno::last()) } else { Ok(()) }
}

fn add_control<T>(message: &mut libc::msghdr, level: i32, kind: i32, value: T) {
    let size = size_of::<T>() as u32;
    // SAFETY: these only compute lengths; both values of T above fit in CONTROL with their header.
    let (space, length) = unsafe { (libc::CMSG_SPACE(size), libc::CMSG_LEN(size)) };
    message.msg_controllen = space as _;
    // SAFETY: the control buffer has room for a header and a value, and is aligned to eight bytes.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const *message);
        (*header).cmsg_level = level;
        (*header).cmsg_type = kind;
        (*header).cmsg_len = length as _;
        libc::CMSG_DATA(header).cast::<T>().write_unaligned(value);
    }
}

fn destination(message: &libc::msghdr) -> Option<SocketAddr> {
    // SAFETY: the kernel has filled the control buffer and set its length; the macros walk within it.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(&raw const *message);
        while !header.is_null() {
            let data = libc::CMSG_DATA(header);
            match ((*header).cmsg_level, (*header).cmsg_type) {
                (libc::SOL_IP, libc::IP_ORIGDSTADDR) => {
                    return Some(from4(data.cast::<libc::sockaddr_in>().read_unaligned()));
                }
                (libc::SOL_IPV6, IPV6_RECVORIGDSTADDR) => {
                    return Some(from6(data.cast::<libc::sockaddr_in6>().read_unaligned()));
                }
                (libc::SOL_IP, libc::IP_PKTINFO) => {
                    let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                    let address = Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes());
                    return Some(SocketAddr::new(address.into(), 0));
                }
                (libc::SOL_IPV6, libc::IPV6_PKTINFO) => {
                    let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    return Some(SocketAddr::new(address.into(), 0));
                }
                _ => header = libc::CMSG_NXTHDR(&raw const *message, header),
            }
        }
    }
    None
}

fn read_address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let pointer = std::ptr::from_ref(storage);
    match libc::c_int::from(storage.ss_family) {
        // SAFETY: the family says which of the two it is, and the storage is large enough for both.
        libc::AF_INET => Some(from4(unsafe { pointer.cast::<libc::sockaddr_in>().read() })),
        // SAFETY: as above.
        libc::AF_INET6 => Some(from6(unsafe {
            pointer.cast::<libc::sockaddr_in6>().read()
        })),
        _ => None,
    }
}

fn write_address(address: SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: all-zero is a valid sockaddr_storage.
    let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    let pointer = &raw mut storage;
    let length = match address {
        SocketAddr::V4(address) => {
            let native = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: address.port().to_be(),
                sin_addr: native4(*address.ip()),
                sin_zero: [0; 8],
            };
            // SAFETY: the storage is large enough and aligned for it.
            unsafe { pointer.cast::<libc::sockaddr_in>().write(native) };
            size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(address) => {
            let native = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: address.flowinfo(),
                sin6_addr: native6(*address.ip()),
                sin6_scope_id: address.scope_id(),
            };
            // SAFETY: the storage is large enough and aligned for it.
            unsafe { pointer.cast::<libc::sockaddr_in6>().write(native) };
            size_of::<libc::sockaddr_in6>()
        }
    };
    (storage, length as libc::socklen_t)
}

fn from4(address: libc::sockaddr_in) -> SocketAddr {
    let ip = Ipv4Addr::from(address.sin_addr.s_addr.to_ne_bytes());
    SocketAddrV4::new(ip, u16::from_be(address.sin_port)).into()
}

fn from6(address: libc::sockaddr_in6) -> SocketAddr {
    let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
    let port = u16::from_be(address.sin6_port);
    SocketAddrV6::new(ip, port, address.sin6_flowinfo, address.sin6_scope_id).into()
}

fn native4(address: Ipv4Addr) -> libc::in_addr {
    libc::in_addr {
        s_addr: u32::from_ne_bytes(address.octets()),
    }
}

fn native6(address: Ipv6Addr) -> libc::in6_addr {
    libc::in6_addr {
        s6_addr: address.octets(),
    }
}

fn set(socket: BorrowedFd<'_>, level: i32, option: i32, value: libc::c_int) -> Result<(), Errno> {
    // SAFETY: the value outlives the call and its length is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    errno::check(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    #[test]
    fn a_datagram_reports_its_destination_and_the_reply_has_it_as_its_source() {
        for (any, address) in [("0.0.0.0:0", "127.0.0.2"), ("[::]:0", "::1")] {
            let Ok(server) = UdpSocket::bind(any) else {
                continue;
            };
            let address: IpAddr = address.parse().unwrap();
            set_receive_local(server.as_fd(), address).unwrap();
            let client = UdpSocket::bind((address, 0)).unwrap();
            let port = server.local_addr().unwrap().port();
            client.send_to(b"question", (address, port)).unwrap();
            let mut buffer = [0; 64];
            let datagram = receive(server.as_fd(), &mut buffer).unwrap();
            assert_eq!(&buffer[..datagram.length], b"question");
            assert_eq!(datagram.source, client.local_addr().unwrap());
            assert_eq!(datagram.destination.unwrap().ip(), address);
            send(server.as_fd(), b"answer", datagram.source, Some(address)).unwrap();
            let (length, from) = client.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], b"answer");
            assert_eq!(from, SocketAddr::new(address, port));
            assert_eq!(
                receive(server.as_fd(), &mut buffer).unwrap_err(),
                Errno::AGAIN
            );
        }
    }
}
