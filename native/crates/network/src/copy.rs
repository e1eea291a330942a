//! Pairs of connections, each of which gets what the other sends, and ends as the other ends.

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use sys::event::{Interest, Poll};
use sys::watched::Watched;

use crate::sockets;
use crate::tokens::{Owner, token};

/// Bytes copied in one direction before the other connections have their turn. The more are passed on at once, the less
/// often who takes them falls asleep between, and to be woken costs as much as to be given 64 KiB.
const AT_ONCE: usize = 2 * 1024 * 1024;

/// Bytes that are read of a connection at first, and at least.
const LEAST: usize = 64 * 1024;

/// What one connection has sent and the other has not taken yet.
#[derive(Debug)]
struct Direction {
    waiting: Vec<u8>,
    written: usize,
    /// As many bytes are read as the other is likely to take: what it does not take has to be kept.
    reach: usize,
    /// Nothing more comes, and the other has been told so.
    ended: bool,
}

impl Default for Direction {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            written: 0,
            reach: LEAST,
            ended: false,
        }
    }
}

#[derive(Debug)]
struct Pair {
    ends: [Watched; 2],
    /// From the first to the second, and back.
    directions: [Direction; 2],
    /// The second is still being connected.
    connecting: bool,
}

/// All pairs of the helper.
#[derive(Debug)]
pub struct Copies {
    pairs: Vec<Option<Pair>>,
    free: Vec<usize>,
    buffer: Vec<u8>,
}

impl Default for Copies {
    fn default() -> Self {
        Self {
            pairs: Vec::new(),
            free: Vec::new(),
            buffer: vec![0; AT_ONCE],
        }
    }
}

impl Copies {
    /// Joins two connections. The second may still be on its way; if it fails, the first is broken off.
    pub fn add(&mut self, poll: &Poll, first: OwnedFd, second: OwnedFd) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.pairs.push(None);
            self.pairs.len() - 1
        });
        let watched = |socket, side| Watched::new(socket, token(Owner::Copies, index as u64, side));
        let mut pair = Pair {
            ends: [watched(first, false), watched(second, true)],
            directions: Default::default(),
            connecting: true,
        };
        if pair.watch(poll).is_ok() {
            self.pairs[index] = Some(pair);
        } else {
            self.free.push(index);
        }
    }

    /// Goes on with a pair one end of which is ready.
    pub fn ready(&mut self, poll: &Poll, index: u64, second: bool) {
        let index = index as usize;
        let Some(Some(pair)) = self.pairs.get_mut(index) else {
            return;
        };
        let result = pair
            .advance(&mut self.buffer, second)
            .and_then(|()| pair.watch(poll));
        let finished = pair.directions.iter().all(|direction| direction.ended);
        if result.is_ok() && !finished {
            return;
        }
        if let Some(pair) = self.pairs[index].take() {
            self.free.push(index);
            pair.close(poll, result.is_err());
        }
    }

    pub fn len(&self) -> usize {
        self.pairs.len() - self.free.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Pair {
    fn advance(&mut self, buffer: &mut [u8], second: bool) -> Result<(), Errno> {
        if self.connecting {
            if !second {
                return Ok(());
            }
            rustix::net::sockopt::socket_error(&self.ends[1])??;
            self.connecting = false;
        }
        let [first, last] = &self.ends;
        let [there, back] = &mut self.directions;
        there.advance(first, last, buffer)?;
        back.advance(last, first, buffer)
    }

    /// Watches each end for what can be done next, and no more: what waits would be reported all the time.
    fn watch(&mut self, poll: &Poll) -> Result<(), Errno> {
        let wanted = |own: &Direction, other: &Direction| {
            let mut interest = Interest::empty();
            interest.set(Interest::READ, !own.ended && own.waiting.is_empty());
            interest.set(Interest::WRITE, !other.waiting.is_empty());
            (!interest.is_empty()).then_some(interest)
        };
        let [there, back] = &self.directions;
        let mut interests = [wanted(there, back), wanted(back, there)];
        if self.connecting {
            interests = [None, Some(Interest::WRITE)];
        }
        for (end, interest) in self.ends.iter_mut().zip(interests) {
            end.watch(poll, interest)?;
        }
        Ok(())
    }

    fn close(self, poll: &Poll, broken: bool) {
        for mut end in self.ends {
            let _ = end.watch(poll, None);
            if broken {
                sockets::break_off(end.into_descriptor());
            }
        }
    }
}

impl Direction {
    fn advance(
        &mut self,
        source: &Watched,
        target: &Watched,
        buffer: &mut [u8],
    ) -> Result<(), Errno> {
        let mut left = buffer.len();
        while left > 0 {
            if self.ended || !self.flush(target)? {
                return Ok(());
            }
            let reach = self.reach.min(left);
            let length = match recv(source, &mut buffer[..reach], RecvFlags::DONTWAIT) {
                Ok((_, length)) => length,
                Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
                Err(errno) => return Err(errno),
            };
            if length == 0 {
                // At once: nothing would call again for it.
                self.ended = true;
                return match shutdown(target.as_fd(), Shutdown::Write) {
                    Ok(()) | Err(Errno::NOTCONN) => Ok(()),
                    Err(errno) => Err(errno),
                };
            }
            let written = write(target, &buffer[..length])?;
            self.waiting.extend_from_slice(&buffer[written..length]);
            if written < length {
                self.reach = written.max(LEAST);
            } else if length == self.reach {
                self.reach = (2 * length).min(AT_ONCE);
            }
            left -= length;
        }
        Ok(())
    }

    /// Whether nothing waits any more.
    fn flush(&mut self, target: &Watched) -> Result<bool, Errno> {
        if self.waiting.is_empty() {
            return Ok(true);
        }
        self.written += write(target, &self.waiting[self.written..])?;
        if self.written < self.waiting.len() {
            return Ok(false);
        }
        self.written = 0;
        self.waiting = Vec::new();
        Ok(true)
    }
}

fn write(target: &Watched, bytes: &[u8]) -> Result<usize, Errno> {
    if bytes.is_empty() {
        return Ok(0);
    }
    match send(target, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
        Ok(length) => Ok(length),
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::parts;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    fn streams() -> (TcpStream, OwnedFd) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        server.set_nonblocking(true).unwrap();
        (client, server.into())
    }

    /// Joins the two and serves until they have ended.
    fn serve(first: OwnedFd, second: OwnedFd) -> std::thread::JoinHandle<()> {
        std::thread::spawn(move || {
            let mut poll = Poll::create().unwrap();
            let mut copies = Copies::default();
            copies.add(&poll, first, second);
            let mut events = Vec::new();
            while !copies.is_empty() {
                poll.wait(&mut events, None).unwrap();
                for event in &events {
                    let (_, index, side) = parts(event.token).unwrap();
                    copies.ready(&poll, index, side);
                }
            }
        })
    }

    #[test]
    fn everything_arrives_and_each_direction_ends_by_itself() {
        let (mut one, first) = streams();
        let (mut other, second) = streams();
        let server = serve(first, second);
        let much: Vec<u8> = (0..8_000_000_u32).map(|number| number as u8).collect();
        let sent = much.clone();
        let writer = std::thread::spawn(move || {
            one.write_all(&sent).unwrap();
            one.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = String::new();
            one.read_to_string(&mut answer).unwrap();
            answer
        });
        let mut received = Vec::new();
        other.read_to_end(&mut received).unwrap();
        assert!(received == much, "received {} bytes", received.len());
        other.write_all(b"thanks").unwrap();
        drop(other);
        assert_eq!(writer.join().unwrap(), "thanks");
        server.join().unwrap();
    }

    #[test]
    fn an_end_is_told_whenever_it_comes() {
        // Turns of three bytes: the end comes in the middle of one, and after one that took all there was.
        for length in 0..10 {
            let (mut one, first) = streams();
            let (mut other, second) = streams();
            one.write_all(&vec![7; length]).unwrap();
            one.shutdown(std::net::Shutdown::Write).unwrap();
            let [first, second] = [first, second].map(|end| Watched::new(end, 0));
            let mut direction = Direction::default();
            let mut rounds = 0;
            while !direction.ended && rounds < 4 {
                direction.advance(&first, &second, &mut [0; 3]).unwrap();
                rounds += 1;
            }
            other
                .set_read_timeout(Some(std::time::Duration::from_secs(10)))
                .unwrap();
            let mut received = Vec::new();
            other.read_to_end(&mut received).unwrap();
            assert_eq!(received.len(), length);
        }
    }

    #[test]
    fn a_connection_that_breaks_breaks_the_other() {
        let (one, first) = streams();
        let (mut other, second) = streams();
        let server = serve(first, second);
        let one = OwnedFd::from(one);
        sockets::break_off(one);
        let error = other.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        server.join().unwrap();
    }
}
