//! Stream sockets of attached clients.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use protocol::launch::{Attachment, Framing, TerminalSize};

use super::messages::PATIENCE;

pub fn attachment(stdin: bool, stdout: bool, stderr: bool, framing: Framing) -> Attachment {
    Attachment {
        stdin,
        stdout,
        stderr,
        framing,
        after_log: false,
    }
}

/// Reads up to end of file.
pub fn read_all(mut stream: &UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Reads exactly this number of bytes.
pub fn read_exactly(mut stream: &UnixStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// Reads up to and including this text.
pub fn read_until(stream: &UnixStream, text: &str) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(text) {
        bytes.extend(read_exactly(stream, 1));
    }
    String::from_utf8(bytes).unwrap()
}

pub fn write_and_end(mut stream: &UnixStream, bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
}

/// Returns the bytes of stdout and stderr in Docker's multiplexed framing.
pub fn demultiplex(mut bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    while !bytes.is_empty() {
        let (header, rest) = bytes.split_at(8);
        let length = u32::from_be_bytes(header[4..].try_into().unwrap()) as usize;
        assert_eq!(header[1..4], [0; 3]);
        let (piece, rest) = rest.split_at(length);
        match header[0] {
            1 => stdout.extend_from_slice(piece),
            2 => stderr.extend_from_slice(piece),
            other => panic!("stream {other}"),
        }
        bytes = rest;
    }
    (stdout, stderr)
}

pub fn terminal(columns: u16, rows: u16) -> Option<TerminalSize> {
    Some(TerminalSize { columns, rows })
}

/// Returns pseudo-random bytes, the same for the same seed.
pub fn noise(count: usize, mut seed: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes.extend(seed.to_ne_bytes());
    }
    bytes.truncate(count);
    bytes
}
