//! Unix sockets.

use super::call::{Errno, call, number};
use super::descriptor::Descriptor;

const UNIX: usize = 1;
const STREAM: usize = 1;
/// `SOCK_CLOEXEC`
const CLOSE_ON_EXEC: usize = 0o2_000_000;
const SOCKET_LEVEL: usize = 1;
const PEER_CREDENTIALS: usize = 17;
/// `MSG_NOSIGNAL`
const NO_SIGNAL: usize = 0x4000;
/// `MSG_DONTWAIT`
const AT_ONCE: usize = 0x40;

/// `struct sockaddr_un`
#[repr(C)]
struct Address {
    family: u16,
    path: [u8; 108],
}

layout!(Address, "linux/un.h: struct sockaddr_un", 110, path = "sun_path" at 2);

/// Connects to the socket at a path.
pub fn connect(path: &[u8]) -> Result<Descriptor, Errno> {
    const TOO_LONG: Errno = Errno(36);
    let mut address = Address {
        family: 1,
        path: [0; 108],
    };
    if path.len() >= address.path.len() {
        return Err(TOO_LONG);
    }
    address.path[..path.len()].copy_from_slice(path);
    // SAFETY: the call takes numbers only.
    let socket = unsafe { call(number::SOCKET, [UNIX, STREAM | CLOSE_ON_EXEC, 0]) }
        .and_then(Descriptor::opened)?;
    let length = size_of::<u16>() + path.len() + 1;
    let arguments = [socket.argument(), &raw const address as usize, length];
    // SAFETY: the kernel reads the address up to the given length.
    unsafe { call(number::CONNECT, arguments) }?;
    Ok(socket)
}

/// The process that listens on a socket. The process ID is 0 if this program's PID namespace does not contain it.
pub struct Peer {
    pub process: u32,
    pub user: u32,
}

/// Returns the process that listens on the socket.
pub fn peer(socket: Descriptor) -> Result<Peer, Errno> {
    let mut credentials = [0_u32; 3];
    let mut length = u32::try_from(size_of_val(&credentials)).unwrap_or(0);
    let place = &raw mut credentials as usize;
    let arguments = [
        socket.argument(),
        SOCKET_LEVEL,
        PEER_CREDENTIALS,
        place,
        &raw mut length as usize,
    ];
    // SAFETY: the kernel writes at most `length` bytes, and the length.
    unsafe { call(number::GETSOCKOPT, arguments) }?;
    let [process, user, _] = credentials;
    Ok(Peer { process, user })
}

/// Sends both parts, in one call if the kernel takes all of them, otherwise waiting for the peer.
pub fn send(socket: Descriptor, parts: [&[u8]; 2]) -> Result<(), Errno> {
    let mut sent = send_parts(socket, parts)?;
    for part in parts {
        let mut rest = &part[sent.min(part.len())..];
        sent = sent.saturating_sub(part.len());
        while !rest.is_empty() {
            match send_with(socket, rest, NO_SIGNAL) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// `struct msghdr`
#[repr(C)]
struct Message {
    name: [usize; 2],
    parts: usize,
    count: usize,
    control: [usize; 2],
    flags: usize,
}

layout!(Message, "sys/socket.h: struct msghdr", 56,
    parts = "msg_iov" at 16, count = "msg_iovlen" at 24, control = "msg_control" at 32, flags = "msg_flags" at 48);

fn send_parts(socket: Descriptor, parts: [&[u8]; 2]) -> Result<usize, Errno> {
    let places = parts.map(|part| [part.as_ptr() as usize, part.len()]);
    let message = Message {
        name: [0; 2],
        parts: &raw const places as usize,
        count: places.len(),
        control: [0; 2],
        flags: 0,
    };
    let arguments = [socket.argument(), &raw const message as usize, NO_SIGNAL];
    // SAFETY: the kernel reads the message and at most the length of each part.
    unsafe { call(number::SENDMSG, arguments) }
}

/// Sends as many bytes as the kernel takes without waiting.
pub fn send_now(socket: Descriptor, bytes: &[u8]) -> Result<usize, Errno> {
    send_with(socket, bytes, AT_ONCE | NO_SIGNAL)
}

fn send_with(socket: Descriptor, bytes: &[u8], flags: usize) -> Result<usize, Errno> {
    let arguments = [
        socket.argument(),
        bytes.as_ptr() as usize,
        bytes.len(),
        flags,
    ];
    // SAFETY: the kernel reads at most the slice's length.
    unsafe { call(number::SENDTO, arguments) }
}
