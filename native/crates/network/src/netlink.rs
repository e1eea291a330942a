//! Requests to the kernel's networking, many at once.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

const HEADER: usize = 16;
const ERROR: u16 = 2;
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const NESTED: u16 = 0x8000;

/// Makes something, which must not be there yet.
pub const CREATE: u16 = 0x400 | 0x200;
/// Makes something, in the place of what is there.
pub const REPLACE: u16 = 0x400 | 0x100;
/// Adds to the end of a list.
pub const APPEND: u16 = 0x800 | 0x400;

/// The kernel answers while it is asked; this is for one that does not.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{what}: {errno}")]
pub struct Error {
    pub what: &'static str,
    pub errno: Errno,
}

/// What a connection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Interfaces, addresses, routes.
    Links,
    /// The firewall and its queues.
    Packets,
}

/// A connection to the networking of the namespace it was opened in, from wherever it is used.
#[derive(Debug)]
pub struct Netlink(OwnedFd);

impl Netlink {
    pub fn open(subject: Subject) -> Result<Self, Errno> {
        let protocol = match subject {
            Subject::Links => None,
            Subject::Packets => Some(netlink::NETFILTER),
        };
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            protocol,
        )?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self(socket))
    }

    pub fn into_socket(self) -> OwnedFd {
        self.0
    }

    /// Has the kernel do all of it, and gives the first thing that went wrong.
    pub fn perform(&self, batch: &Batch) -> Result<(), Error> {
        let failed = |what, errno| Error { what, errno };
        if batch.bytes.is_empty() {
            return Ok(());
        }
        send(&self.0, &batch.bytes, SendFlags::empty()).map_err(|errno| failed("send", errno))?;
        let mut result = Ok(());
        let mut buffer = vec![0; 32 * 1024];
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

/// The sequence number of each, and its error.
fn acknowledgements(mut bytes: &[u8]) -> Vec<(u32, Option<Errno>)> {
    let mut found = Vec::new();
    while bytes.len() >= HEADER {
        let length = (word(bytes, 0) as usize).max(HEADER);
        let kind = u16::from_ne_bytes([bytes[4], bytes[5]]);
        if kind == ERROR && bytes.len() >= HEADER + 4 {
            let code = word(bytes, HEADER).cast_signed();
            let errno = (code != 0).then(|| Errno::from_raw_os_error(-code));
            found.push((word(bytes, 8), errno));
        }
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
    }
    found
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

/// Requests that are sent together.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    sequence: u32,
    /// Sequence numbers, and what an error is to name; nothing where the kernel may refuse.
    expected: Vec<(u32, Option<&'static str>)>,
    /// Where the message begins that is being written.
    start: usize,
}

impl Batch {
    /// Begins a request, `what` naming it in an error.
    pub fn message(
        &mut self,
        what: &'static str,
        kind: u16,
        flags: u16,
        header: &[u8],
    ) -> &mut Self {
        self.begin(kind, flags | ACKNOWLEDGE, header);
        self.expected.push((self.sequence, Some(what)));
        self
    }

    /// Begins a request that the kernel may refuse.
    pub fn attempt(&mut self, kind: u16, header: &[u8]) -> &mut Self {
        self.begin(kind, ACKNOWLEDGE, header);
        self.expected.push((self.sequence, None));
        self
    }

    /// Begins a message that is not answered.
    pub fn silent(&mut self, kind: u16, header: &[u8]) -> &mut Self {
        self.begin(kind, 0, header);
        self
    }

    fn begin(&mut self, kind: u16, flags: u16, header: &[u8]) {
        self.sequence += 1;
        self.start = self.bytes.len();
        self.bytes.extend(0_u32.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend((flags | REQUEST).to_ne_bytes());
        self.bytes.extend(self.sequence.to_ne_bytes());
        self.bytes.extend(0_u32.to_ne_bytes());
        self.raw(header);
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes as they are, filled up to a multiple of four.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self.bytes.resize(aligned(self.bytes.len()), 0);
        let length = (self.bytes.len() - self.start) as u32;
        self.bytes[self.start..self.start + 4].copy_from_slice(&length.to_ne_bytes());
        self
    }

    pub fn bytes(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = (4 + value.len()) as u16;
        let mut attribute = Vec::with_capacity(aligned(length.into()));
        attribute.extend(length.to_ne_bytes());
        attribute.extend(kind.to_ne_bytes());
        attribute.extend(value);
        self.raw(&attribute)
    }

    pub fn number(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_ne_bytes())
    }

    /// As netfilter wants its numbers.
    pub fn network_number(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    pub fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, &bytes)
    }

    /// Attributes within an attribute.
    pub fn nested(&mut self, kind: u16, write: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.bytes.len();
        self.bytes(kind | NESTED, &[]);
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
    fn lengths_cover_what_was_written_and_everything_is_aligned() {
        let mut batch = Batch::default();
        batch
            .message("one", 16, CREATE, &[1; 16])
            .text(3, "ab")
            .nested(18, |inner| {
                inner.text(1, "veth").number(2, 7);
            });
        let first = batch.bytes.len();
        batch.silent(17, &[2; 4]);
        assert_eq!(word(&batch.bytes, 0) as usize, first);
        assert_eq!(word(&batch.bytes, first) as usize, HEADER + 4);
        assert_eq!(&batch.bytes[32..40], &[7, 0, 3, 0, b'a', b'b', 0, 0]);
        assert_eq!(batch.bytes[40..42], 24_u16.to_ne_bytes());
        assert_eq!(batch.expected, [(1, Some("one"))]);
    }

    /// What the kernel says to a request.
    fn answer(sequence: u32, code: i32) -> Vec<u8> {
        let mut bytes = 36_u32.to_ne_bytes().to_vec();
        bytes.extend(ERROR.to_ne_bytes());
        bytes.extend([0; 2]);
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(code.to_ne_bytes());
        bytes.resize(36, 0);
        bytes
    }

    #[test]
    fn what_may_be_refused_fails_nothing_else() {
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
    fn errors_are_told_from_acknowledgements() {
        let both = [answer(1, 0), answer(2, -17)].concat();
        assert_eq!(
            acknowledgements(&both),
            [(1, None), (2, Some(Errno::EXIST))]
        );
        assert!(acknowledgements(&both[..10]).is_empty());
    }
}
