//! Netlink connections and batches of requests.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// Constants of linux/netlink.h.
mod nl {
    /// Length of `struct nlmsghdr`.
    pub const HEADER: usize = 16;
    /// NLMSG_ERROR, the type of an acknowledgement too.
    pub const ERROR: u16 = 2;
    /// NLM_F_REQUEST.
    pub const REQUEST: u16 = 1;
    /// NLM_F_ACK.
    pub const ACK: u16 = 4;
    /// NLM_F_REPLACE.
    pub const REPLACE: u16 = 0x100;
    /// NLM_F_EXCL.
    pub const EXCL: u16 = 0x200;
    /// NLM_F_CREATE.
    pub const CREATE: u16 = 0x400;
    /// NLM_F_APPEND.
    pub const APPEND: u16 = 0x800;
    /// NLA_F_NESTED.
    pub const NESTED: u16 = 0x8000;
}

/// Flags of a request that creates an object unless the object exists.
pub const ENSURE: u16 = nl::CREATE;
/// Flags of a request that creates an object, and fails if the object exists.
pub const CREATE: u16 = nl::CREATE | nl::EXCL;
/// Flags of a request that creates an object, and replaces an existing one.
pub const REPLACE: u16 = nl::CREATE | nl::REPLACE;
/// Flags of a request that adds an object to the end of a list.
pub const APPEND: u16 = nl::CREATE | nl::APPEND;

/// Longest wait for an acknowledgement. The kernel sends it before `send` returns, so the limit only guards against a
/// kernel that sends none.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Size of the buffer for acknowledgements.
const RECEIVE_BUFFER: usize = 32 * 1024;

#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{what}: {errno}")]
pub struct Error {
    pub what: &'static str,
    pub errno: Errno,
}

/// The kernel subsystem that a connection leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Interfaces, addresses and routes (rtnetlink).
    Route,
    /// The firewall and its queues (nfnetlink).
    Netfilter,
    /// The sockets of a network namespace (sock_diag).
    Sockets,
}

/// A connection to the network namespace in which it was opened, whichever namespace its user is in.
#[derive(Debug)]
pub struct Netlink(OwnedFd);

impl Netlink {
    pub fn open(subject: Subject) -> Result<Self, Errno> {
        let protocol = match subject {
            Subject::Route => None,
            Subject::Netfilter => Some(netlink::NETFILTER),
            Subject::Sockets => Some(netlink::SOCK_DIAG),
        };
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            protocol,
        )?;
        set_socket_timeout(&socket, Timeout::Recv, Some(RECEIVE_TIMEOUT))?;
        Ok(Self(socket))
    }

    pub fn into_socket(self) -> OwnedFd {
        self.0
    }

    /// Sends the requests and waits for their acknowledgements. Returns the first error.
    pub fn perform(&self, batch: &Batch) -> Result<(), Error> {
        let failed = |what, errno| Error { what, errno };
        if batch.bytes.is_empty() {
            return Ok(());
        }
        send(&self.0, &batch.bytes, SendFlags::empty()).map_err(|errno| failed("send", errno))?;
        let mut result = Ok(());
        let mut buffer = vec![0; RECEIVE_BUFFER];
        let mut open = batch.expected.len();
        while open > 0 {
            let length = match recv(&self.0, buffer.as_mut_slice(), RecvFlags::empty()) {
                Ok((_, length)) => length,
                Err(Errno::INTR) => continue,
                Err(errno) => return result.and(Err(failed("receive", errno))),
            };
            for (sequence, errno) in acknowledgements(&buffer[..length]) {
                open = open.saturating_sub(1);
                let expected = batch
                    .expected
                    .iter()
                    .find(|(number, _)| *number == sequence);
                let what = expected.map_or(Some("batch"), |(_, what)| *what);
                if let (Some(errno), Some(what), Ok(())) = (errno, what, &result) {
                    result = Err(failed(what, errno));
                }
            }
        }
        result
    }
}

/// Returns the sequence number and the error of each acknowledgement.
fn acknowledgements(mut bytes: &[u8]) -> Vec<(u32, Option<Errno>)> {
    let mut found = Vec::new();
    while bytes.len() >= nl::HEADER {
        let length = (word(bytes, 0) as usize).max(nl::HEADER);
        let kind = u16::from_ne_bytes([bytes[4], bytes[5]]);
        if kind == nl::ERROR && bytes.len() >= nl::HEADER + 4 {
            let code = word(bytes, nl::HEADER).cast_signed();
            found.push((word(bytes, 8), error_of(code)));
        }
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
    }
    found
}

/// Returns the error with the kernel's negative number; EPROTO for a number that is none.
fn error_of(code: i32) -> Option<Errno> {
    match code {
        0 => None,
        -4095..=-1 => Some(Errno::from_raw_os_error(-code)),
        _ => Some(Errno::PROTO),
    }
}

/// Returns the type of the first message, and its error if it reports one.
pub fn first_type(bytes: &[u8]) -> (u16, Option<Errno>) {
    let kind = bytes
        .get(4..6)
        .map_or(0, |kind| u16::from_ne_bytes([kind[0], kind[1]]));
    let error = acknowledgements(bytes)
        .first()
        .and_then(|(_, errno)| *errno);
    (kind, error)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes
        .get(at..at + 4)
        .and_then(|slice| slice.try_into().ok());
    u32::from_ne_bytes(word.unwrap_or_default())
}

fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// Requests that are sent together in one datagram.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    sequence: u32,
    /// Sequence numbers of the requests, and the names for their errors; `None` where the kernel may refuse.
    expected: Vec<(u32, Option<&'static str>)>,
    /// Offset of the message that is being written.
    start: usize,
}

impl Batch {
    /// Begins a request. `what` names it in an error.
    pub fn message(
        &mut self,
        what: &'static str,
        kind: u16,
        flags: u16,
        header: &[u8],
    ) -> &mut Self {
        self.begin(kind, flags | nl::ACK, header);
        self.expected.push((self.sequence, Some(what)));
        self
    }

    /// Begins a request whose error is ignored.
    pub fn attempt(&mut self, kind: u16, header: &[u8]) -> &mut Self {
        self.begin(kind, nl::ACK, header);
        self.expected.push((self.sequence, None));
        self
    }

    /// Begins a message that the kernel does not acknowledge.
    pub fn silent(&mut self, kind: u16, header: &[u8]) -> &mut Self {
        self.begin(kind, 0, header);
        self
    }

    fn begin(&mut self, kind: u16, flags: u16, header: &[u8]) {
        self.sequence += 1;
        self.start = self.bytes.len();
        self.bytes.extend(0_u32.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend((flags | nl::REQUEST).to_ne_bytes());
        self.bytes.extend(self.sequence.to_ne_bytes());
        self.bytes.extend(0_u32.to_ne_bytes());
        self.raw(header);
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends bytes, padded to a multiple of four.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self.bytes.resize(aligned(self.bytes.len()), 0);
        let length = (self.bytes.len() - self.start) as u32;
        self.bytes[self.start..self.start + 4].copy_from_slice(&length.to_ne_bytes());
        self
    }

    /// Appends an attribute.
    pub fn bytes(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = (4 + value.len()) as u16;
        let mut attribute = Vec::with_capacity(aligned(length.into()));
        attribute.extend(length.to_ne_bytes());
        attribute.extend(kind.to_ne_bytes());
        attribute.extend(value);
        self.raw(&attribute)
    }

    /// Appends a number in the machine's byte order, as rtnetlink expects it.
    pub fn u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_ne_bytes())
    }

    /// Appends a number in network byte order, as netfilter expects it.
    pub fn be32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// Appends a text with a zero byte at its end.
    pub fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, &bytes)
    }

    /// Appends an attribute that contains attributes.
    pub fn nested(&mut self, kind: u16, write: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.bytes.len();
        self.bytes(kind | nl::NESTED, &[]);
        write(self);
        let length = (self.bytes.len() - start) as u16;
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_no_error_of_the_kernel_is_a_protocol_error() {
        assert_eq!(error_of(0), None);
        assert_eq!(error_of(-2), Some(Errno::NOENT));
        for code in [1, -4096, i32::MIN, i32::MAX] {
            assert_eq!(error_of(code), Some(Errno::PROTO), "{code}");
        }
    }

    #[test]
    fn lengths_cover_all_written_bytes_and_attributes_are_aligned() {
        let mut batch = Batch::default();
        batch
            .message("one", 16, CREATE, &[1; 16])
            .text(3, "ab")
            .nested(18, |inner| {
                inner.text(1, "veth").u32(2, 7);
            });
        let first = batch.bytes.len();
        batch.silent(17, &[2; 4]);
        assert_eq!(word(&batch.bytes, 0) as usize, first);
        assert_eq!(word(&batch.bytes, first) as usize, nl::HEADER + 4);
        assert_eq!(&batch.bytes[32..40], &[7, 0, 3, 0, b'a', b'b', 0, 0]);
        assert_eq!(batch.bytes[40..42], 24_u16.to_ne_bytes());
        assert_eq!(batch.expected, [(1, Some("one"))]);
    }

    /// Returns the kernel's acknowledgement of a request.
    fn answer(sequence: u32, code: i32) -> Vec<u8> {
        let mut bytes = 36_u32.to_ne_bytes().to_vec();
        bytes.extend(nl::ERROR.to_ne_bytes());
        bytes.extend([0; 2]);
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(code.to_ne_bytes());
        bytes.resize(36, 0);
        bytes
    }

    #[test]
    fn an_ignored_error_does_not_hide_the_next_one() {
        let mut batch = Batch::default();
        batch.message("one", 16, 0, &[0; 16]);
        batch.attempt(16, &[0; 16]);
        batch.message("other", 16, 0, &[0; 16]);
        for (codes, expected) in [
            ([0, -22, 0], None),
            ([0, -22, -17], Some(("other", Errno::EXIST))),
        ] {
            let (ours, kernel) = std::os::unix::net::UnixDatagram::pair().unwrap();
            for (sequence, code) in (1..).zip(codes) {
                kernel.send(&answer(sequence, code)).unwrap();
            }
            let result = Netlink(ours.into()).perform(&batch);
            let found = result.err().map(|error| (error.what, error.errno));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn errors_are_distinguished_from_acknowledgements() {
        let both = [answer(1, 0), answer(2, -17)].concat();
        assert_eq!(
            acknowledgements(&both),
            [(1, None), (2, Some(Errno::EXIST))]
        );
        assert!(acknowledgements(&both[..10]).is_empty());
    }
}
