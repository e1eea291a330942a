//! One client's stream socket: output queued for it, input taken from it.

use std::io::IoSlice;
use std::os::fd::{AsFd, OwnedFd};

use protocol::launch::{Attachment, Framing};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, recv, sendmsg, shutdown};
use sys::event::{Interest, Poll};

use crate::monitor::queue::{Flow, Queue};
use crate::monitor::stream::Stream;
use sys::watched::Watched;

/// Bytes that may wait for one client before the program's output is read no further.
const LIMIT: usize = 256 * 1024;

#[derive(Debug)]
pub struct Attached {
    socket: Watched,
    wants: Attachment,
    queue: Queue,
    /// Whether the client still reads. What it sent before it went still counts.
    reads: bool,
    /// Whether more input can come.
    sends: bool,
    /// Whether the client closed both directions.
    hung_up: bool,
}

impl Attached {
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

    /// Gives the client a piece of output, if it wants this stream.
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

    /// Writes what waits.
    pub fn flush(&mut self) {
        if self.queue.flush(|slices| write(&self.socket, slices)) == Flow::Gone {
            self.reads = false;
        }
    }

    /// The client closed both directions, or its connection broke: nobody reads any more.
    pub fn hang_up(&mut self) {
        self.hung_up = true;
        self.reads = false;
        self.queue.clear();
    }

    /// Whether so much waits that the program must wait too.
    pub fn is_full(&self) -> bool {
        self.queue.len() >= LIMIT
    }

    pub fn has_output(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether input may still come, now or later.
    pub fn sends(&self) -> bool {
        self.sends
    }

    /// Whether the client closed everything, so that its last input must be fetched unasked.
    pub fn hung_up(&self) -> bool {
        self.hung_up
    }

    /// Whether there is nothing more to do for this client while the container runs.
    pub fn is_over(&self) -> bool {
        let idle = !self.reads && !self.sends;
        idle || (self.hung_up && !self.sends)
    }

    /// Takes input that has arrived, at most as much as fits; 0 is its end.
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

    /// Watches for room when output waits and for input when it is wanted.
    pub fn watch(&mut self, poll: &Poll, input: bool) {
        let mut interest = Interest::empty();
        interest.set(Interest::WRITE, self.has_output());
        interest.set(Interest::READ, input && self.sends);
        // After a hang-up the kernel would report nothing else, for ever.
        let interest = (!self.hung_up).then_some(interest);
        if self.socket.watch(poll, interest).is_err() {
            self.hang_up();
            self.sends = false;
        }
    }

    /// Ends the connection so that the client reads everything and then the end.
    pub fn close(mut self, poll: &Poll) {
        let _ = self.socket.watch(poll, None);
        // Input left unread would turn the client's end of file into a reset.
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

    fn attached(wants: Attachment) -> (Attached, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Attached::new(OwnedFd::from(ours), 1, wants), theirs)
    }

    fn wants(framing: Framing) -> Attachment {
        Attachment {
            stdin: true,
            stdout: true,
            stderr: true,
            framing,
        }
    }

    #[test]
    fn pieces_are_framed_as_asked_and_only_for_wanted_streams() {
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
    fn a_slow_client_fills_up_and_gets_everything_later() {
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
    fn the_last_input_of_a_client_that_left_is_not_lost() {
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
