//! An attached client's stream socket: output is queued for it, input is read from it.

use std::io::IoSlice;
use std::os::fd::{AsFd, OwnedFd};

use protocol::launch::{Attachment, Framing};
use protocol::monitor::LogEnd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, recv, sendmsg, shutdown};
use sys::event::{Interest, Poll};

use crate::monitor::queue::{Flow, Queue};
use crate::monitor::stream::Stream;
use sys::watched::Watched;

/// Bytes that may wait for one client before the monitor stops reading the program's output.
const LIMIT: usize = 256 * 1024;

#[derive(Debug)]
pub struct AttachedClient {
    socket: Watched,
    wants: Attachment,
    queue: Queue,
    /// Whether the client still reads. Input sent before the client disconnected is still used.
    reads: bool,
    /// Whether more input can arrive.
    sends: bool,
    /// Whether the client closed both directions.
    hung_up: bool,
}

impl AttachedClient {
    pub fn new(socket: OwnedFd, token: u64, wants: Attachment) -> Self {
        Self {
            socket: Watched::new(socket, token),
            wants,
            queue: Queue::default(),
            reads: true,
            sends: wants.stdin,
            hung_up: false,
        }
    }

    pub fn token(&self) -> u64 {
        self.socket.token()
    }

    /// Queues a piece of output, if the client wants this stream.
    pub fn offer(&mut self, stream: Stream, piece: &[u8]) {
        let wanted = match stream {
            Stream::Stdout => self.wants.stdout,
            Stream::Stderr => self.wants.stderr,
        };
        if !wanted || !self.reads {
            return;
        }
        let header = stream.header(piece.len());
        let parts: &[&[u8]] = match self.wants.framing {
            Framing::Multiplexed => &[&header, piece],
            Framing::Raw => &[piece],
        };
        let flow = self.queue.send(parts, |slices| write(&self.socket, slices));
        self.reads = flow != Flow::Gone;
    }

    /// Queues the head of a stream that continues the log: the end of the log, and the unfinished lines.
    pub fn continue_log(&mut self, end: LogEnd, unfinished: [&[u8]; 2]) {
        let end = end.to_bytes();
        let flow = self
            .queue
            .send(&[&end], |slices| write(&self.socket, slices));
        self.reads = flow != Flow::Gone;
        for (stream, line) in [Stream::Stdout, Stream::Stderr].into_iter().zip(unfinished) {
            if !line.is_empty() {
                self.offer(stream, line);
            }
        }
    }

    /// Writes queued output.
    pub fn flush(&mut self) {
        if self.queue.flush(|slices| write(&self.socket, slices)) == Flow::Gone {
            self.reads = false;
        }
    }

    /// Handles a client that has closed both directions, or whose connection is broken.
    pub fn hang_up(&mut self) {
        self.hung_up = true;
        self.reads = false;
        self.queue.clear();
    }

    /// Returns whether so much output is queued that the program has to wait.
    pub fn is_full(&self) -> bool {
        self.queue.len() >= LIMIT
    }

    pub fn has_output(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Returns whether more input can arrive, now or later.
    pub fn sends(&self) -> bool {
        self.sends
    }

    /// Returns whether the client has closed both directions, so that its last input has to be read without an event.
    pub fn hung_up(&self) -> bool {
        self.hung_up
    }

    /// Returns whether the client needs nothing more while the container is running.
    pub fn is_over(&self) -> bool {
        let idle = !self.reads && !self.sends;
        idle || (self.hung_up && !self.sends)
    }

    /// Reads available input into the buffer. Returns 0 at the end of the input.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        loop {
            let result = recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT);
            match result {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(Errno::AGAIN),
                Ok((_, count)) if count > 0 => return Ok(count),
                Ok(_) | Err(_) => {
                    self.sends = false;
                    return Ok(0);
                }
            }
        }
    }

    /// Registers for writing while output is queued, and for reading while input is wanted.
    pub fn watch(&mut self, poll: &Poll, input: bool) {
        let mut interest = Interest::empty();
        interest.set(Interest::WRITE, self.has_output());
        interest.set(Interest::READ, input && self.sends);
        // Otherwise the kernel would report a hang-up again and again.
        let interest = (!self.hung_up).then_some(interest);
        if self.socket.watch(poll, interest).is_err() {
            self.hang_up();
            self.sends = false;
        }
    }

    /// Closes the connection so that the client reads all output and then end of file.
    pub fn close(mut self, poll: &Poll) {
        let _ = self.socket.watch(poll, None);
        // Unread input would turn the client's end of file into a reset.
        let mut rest = [0; 4096];
        while matches!(recv(&self.socket, &mut rest, RecvFlags::DONTWAIT), Ok((_, count)) if count > 0)
        {
        }
        let _ = shutdown(&self.socket, Shutdown::Both);
    }
}

fn write(socket: &Watched, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    let mut control = SendAncillaryBuffer::default();
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    sendmsg(socket.as_fd(), slices, &mut control, flags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    fn attached(wants: Attachment) -> (AttachedClient, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (AttachedClient::new(OwnedFd::from(ours), 1, wants), theirs)
    }

    fn wants(framing: Framing) -> Attachment {
        Attachment {
            stdin: true,
            stdout: true,
            stderr: true,
            framing,
            after_log: false,
        }
    }

    #[test]
    fn a_client_that_has_the_log_gets_its_end_and_the_unfinished_lines_first() {
        let (mut attached, mut client) = attached(Attachment {
            after_log: true,
            ..wants(Framing::Multiplexed)
        });
        let end = LogEnd {
            inode: 0x0102,
            size: 3,
        };
        attached.continue_log(end, [b"pro", b""]);
        attached.offer(Stream::Stdout, b"mpt");
        attached.close(&Poll::create().unwrap());
        let mut bytes = Vec::new();
        client.read_to_end(&mut bytes).unwrap();
        let head = [2, 1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0];
        let output = b"\x01\0\0\0\0\0\0\x03pro\x01\0\0\0\0\0\0\x03mpt";
        assert_eq!(bytes, [&head[..], output].concat());
    }

    #[test]
    fn output_is_framed_as_requested_and_limited_to_the_requested_streams() {
        for (framing, expected) in [
            (
                Framing::Multiplexed,
                &b"\x01\0\0\0\0\0\0\x02ab\x02\0\0\0\0\0\0\x01c"[..],
            ),
            (Framing::Raw, b"abc"),
        ] {
            let (mut attached, mut client) = attached(wants(framing));
            attached.offer(Stream::Stdout, b"ab");
            attached.offer(Stream::Stderr, b"c");
            attached.close(&Poll::create().unwrap());
            let mut received = Vec::new();
            client.read_to_end(&mut received).unwrap();
            assert_eq!(received, expected);
        }
        let only_stderr = Attachment {
            stdout: false,
            ..wants(Framing::Raw)
        };
        let (mut attached, mut client) = attached(only_stderr);
        attached.offer(Stream::Stdout, b"ab");
        attached.offer(Stream::Stderr, b"c");
        drop(attached);
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert_eq!(received, b"c");
    }

    #[test]
    fn a_slow_client_receives_its_queued_output_later() {
        let (mut attached, mut client) = attached(wants(Framing::Raw));
        let piece = vec![b'x'; 10_000];
        let mut sent = 0;
        while !attached.is_full() {
            attached.offer(Stream::Stdout, &piece);
            sent += piece.len();
        }
        let mut received = 0;
        let mut buffer = vec![0; 65_536];
        while attached.has_output() {
            received += client.read(&mut buffer).unwrap();
            attached.flush();
        }
        drop(attached);
        loop {
            match client.read(&mut buffer).unwrap() {
                0 => break,
                count => received += count,
            }
        }
        assert_eq!(received, sent);
    }

    #[test]
    fn the_last_input_of_a_disconnected_client_is_read() {
        let (mut attached, mut client) = attached(wants(Framing::Raw));
        attached.offer(Stream::Stdout, b"never read");
        client.write_all(b"last words").unwrap();
        drop(client);
        attached.hang_up();
        assert!(!attached.is_over());
        let mut buffer = [0; 100];
        assert_eq!(attached.receive(&mut buffer), Ok(10));
        assert_eq!(attached.receive(&mut buffer), Ok(0));
        assert!(attached.is_over());
    }
}
