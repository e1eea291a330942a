//! Connections that deliver datagrams with descriptors in order: one message is one datagram.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::fs::{AtFlags, Mode, chmodat, fchmod, renameat, unlinkat};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SocketAddrUnix, SocketFlags, SocketType,
    accept_with, bind, recv, recvmsg, sendmsg, socket_with, socketpair,
};

use crate::memfd;

/// Longest text, in bytes, that is sent in the datagram itself.
pub const INLINE_LIMIT: usize = 64 * 1024;

/// Content of a datagram whose text is in the sealed memfd sent as the last descriptor.
pub const SPILLED: u8 = 0x01;

/// Longest text accepted from a memfd, in bytes.
pub const SPILLED_LIMIT: u64 = 16 * 1024 * 1024;

/// The kernel's SCM_MAX_FD.
const DESCRIPTOR_LIMIT: usize = 253;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The socket is non-blocking, and the peer's queue is full or no message has arrived.
    #[error("the operation would block")]
    WouldBlock,
    /// The peer has closed the connection.
    #[error("the peer closed the connection")]
    Closed,
    #[error("a message of {0} bytes is too long")]
    TooLong(usize),
    #[error("{0} descriptors do not fit in a message")]
    TooManyDescriptors(usize),
    #[error("the datagram or its descriptors are truncated")]
    Truncated,
    #[error("a spilled message has no memory file")]
    NoMemoryFile,
    #[error(transparent)]
    MemoryFile(#[from] memfd::Error),
    #[error("the socket name {0} is too long or contains a null byte")]
    Name(String),
    #[error("{call}: {source}")]
    System { call: &'static str, source: Errno },
}

/// A message with its descriptors.
#[derive(Debug)]
pub struct Received {
    pub text: Vec<u8>,
    pub descriptors: Vec<OwnedFd>,
}

bitflags::bitflags! {
    /// Options of [`send`].
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Flags: u8 {
        /// Fail with [`Error::WouldBlock`] instead of waiting, whatever the socket's mode.
        const DONT_WAIT = 1;
    }
}

/// Returns two connected sockets, closed on exec.
pub fn pair() -> Result<(OwnedFd, OwnedFd), Error> {
    socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(system("socketpair"))
}

/// Listens on the socket `name` in the directory, with mode 0600. An existing socket is replaced once the
/// new one accepts connections.
pub fn listen(directory: BorrowedFd<'_>, name: &str, backlog: i32) -> Result<OwnedFd, Error> {
    let socket = create()?;
    // On Linux the socket's file gets the socket's mode, so other users never have access to it, not even
    // between two calls.
    fchmod(&socket, Mode::from_raw_mode(0o600)).map_err(system("fchmod"))?;
    bind_and_listen(socket, directory, name, None, backlog)
}

/// Listens on the stream socket `name` in the directory. Every user who reaches the socket may connect. The descriptor is
/// non-blocking. An existing socket is replaced once the new one accepts connections.
pub fn listen_stream(
    directory: BorrowedFd<'_>,
    name: &str,
    backlog: i32,
) -> Result<OwnedFd, Error> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(system("socket"))?;
    let everyone = Mode::from_raw_mode(0o666);
    bind_and_listen(socket, directory, name, Some(everyone), backlog)
}

/// `mode` is the mode of the socket's file if it is not the socket's.
fn bind_and_listen(
    socket: OwnedFd,
    directory: BorrowedFd<'_>,
    name: &str,
    mode: Option<Mode>,
    backlog: i32,
) -> Result<OwnedFd, Error> {
    let temporary = format!("{name}~");
    let address = address(directory, &temporary)?;
    match bind(&socket, &address) {
        Err(Errno::ADDRINUSE) => {
            unlinkat(directory, &temporary, AtFlags::empty()).map_err(system("unlinkat"))?;
            bind(&socket, &address).map_err(system("bind"))?;
        }
        result => result.map_err(system("bind"))?,
    }
    if let Some(mode) = mode {
        chmodat(directory, &temporary, mode, AtFlags::empty()).map_err(system("chmodat"))?;
    }
    rustix::net::listen(&socket, backlog).map_err(system("listen"))?;
    renameat(directory, &temporary, directory, name).map_err(system("renameat"))?;
    Ok(socket)
}

/// Connects to a listening socket in the directory.
pub fn connect(directory: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Error> {
    let socket = create()?;
    rustix::net::connect(&socket, &address(directory, name)?).map_err(system("connect"))?;
    Ok(socket)
}

/// Accepts a connection. The result is closed on exec and, if requested, non-blocking.
pub fn accept(socket: BorrowedFd<'_>, nonblocking: bool) -> Result<OwnedFd, Error> {
    let mut flags = SocketFlags::CLOEXEC;
    flags.set(SocketFlags::NONBLOCK, nonblocking);
    retry(|| accept_with(socket, flags)).map_err(system("accept"))
}

/// Sends a message, which must not be empty: an empty datagram means the end of the connection. A text over
/// [`INLINE_LIMIT`] is sent in a sealed memfd. Never raises SIGPIPE.
pub fn send(
    socket: BorrowedFd<'_>,
    text: &[u8],
    descriptors: &[BorrowedFd<'_>],
    flags: Flags,
) -> Result<(), Error> {
    // A single byte would be mistaken for the mark of a spilled text.
    if text.len() > INLINE_LIMIT || text == [SPILLED] {
        if text.len() as u64 > SPILLED_LIMIT {
            return Err(Error::TooLong(text.len()));
        }
        let spilled = memfd::sealed("tbox-message", text)?;
        let mut all = descriptors.to_vec();
        all.push(spilled.as_fd());
        return send_datagram(socket, &[SPILLED], &all, flags);
    }
    send_datagram(socket, text, descriptors, flags)
}

/// Receives a message; nothing at the end of the connection. Blocks if the socket does.
pub fn receive(socket: BorrowedFd<'_>) -> Result<Option<Received>, Error> {
    receive_with(socket, RecvFlags::empty())
}

/// Receives a message that has already arrived; [`Error::WouldBlock`] if there is none.
pub fn receive_ready(socket: BorrowedFd<'_>) -> Result<Option<Received>, Error> {
    receive_with(socket, RecvFlags::DONTWAIT)
}

fn receive_with(socket: BorrowedFd<'_>, flags: RecvFlags) -> Result<Option<Received>, Error> {
    // A forked process copies every page it writes to, so the buffer is no larger than needed.
    let peek = || {
        recv(
            socket,
            &mut [0; 0],
            flags | RecvFlags::PEEK | RecvFlags::TRUNC,
        )
    };
    let (_, length) = retry_past_reset(peek).map_err(system("recv"))?;
    let mut text = vec![0; length.clamp(1, INLINE_LIMIT)];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(DESCRIPTOR_LIMIT))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let receive_once = || {
        let mut parts = [IoSliceMut::new(&mut text)];
        recvmsg(
            socket,
            &mut parts,
            &mut control,
            flags | RecvFlags::CMSG_CLOEXEC,
        )
    };
    let message = retry_past_reset(receive_once).map_err(system("recvmsg"))?;
    let mut descriptors = Vec::new();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = part {
            descriptors.extend(rights);
        }
    }
    if message
        .flags
        .intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC)
    {
        return Err(Error::Truncated);
    }
    if message.bytes == 0 {
        return Ok(None);
    }
    text.truncate(message.bytes);
    if text == [SPILLED] {
        let file = descriptors.pop().ok_or(Error::NoMemoryFile)?;
        text = memfd::read_sealed(file, SPILLED_LIMIT)?;
    }
    text.shrink_to_fit();
    Ok(Some(Received { text, descriptors }))
}

fn send_datagram(
    socket: BorrowedFd<'_>,
    text: &[u8],
    descriptors: &[BorrowedFd<'_>],
    flags: Flags,
) -> Result<(), Error> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(DESCRIPTOR_LIMIT))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty()
        && (descriptors.len() > DESCRIPTOR_LIMIT
            || !control.push(SendAncillaryMessage::ScmRights(descriptors)))
    {
        return Err(Error::TooManyDescriptors(descriptors.len()));
    }
    let mut native = rustix::net::SendFlags::NOSIGNAL;
    native.set(
        rustix::net::SendFlags::DONTWAIT,
        flags.contains(Flags::DONT_WAIT),
    );
    match retry(|| sendmsg(socket, &[IoSlice::new(text)], &mut control, native)) {
        Ok(_) => Ok(()),
        Err(Errno::PIPE | Errno::CONNRESET) => Err(Error::Closed),
        Err(Errno::MSGSIZE) => Err(Error::TooLong(text.len())),
        Err(source) => Err(system("sendmsg")(source)),
    }
}

fn create() -> Result<OwnedFd, Error> {
    socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(system("socket"))
}

/// Returns the address of a socket in a directory. The path through /proc keeps within the 108 bytes of a
/// socket address.
fn address(directory: BorrowedFd<'_>, name: &str) -> Result<SocketAddrUnix, Error> {
    SocketAddrUnix::new(format!("/proc/self/fd/{}/{name}", directory.as_raw_fd()))
        .map_err(|_| Error::Name(name.to_owned()))
}

fn system(call: &'static str) -> impl Fn(Errno) -> Error {
    move |source| match source {
        Errno::AGAIN => Error::WouldBlock,
        _ => Error::System { call, source },
    }
}

/// Calls again after ECONNRESET: a peer that closes with unread messages causes this error before the
/// messages it sent, and reading the error clears it.
fn retry_past_reset<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    match retry(&mut call) {
        Err(Errno::CONNRESET) => retry(call),
        result => result,
    }
}

fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests;
