//! Buffered reading of a blob from a file, a pipe or a socket.

use std::io::{self, BufRead, Read};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Advice, FileType, fadvise, fstat};
use rustix::io::{Errno, pread, read};

use super::StreamError;

const BUFFER: usize = 128 * 1024;

/// A blob to be read.
pub struct Blob {
    pub bytes: OwnedFd,
    /// Absent where it is whole, or a stream that tells its end itself.
    pub arriving: Option<Arriving>,
}

/// What is known of a file that is still being written.
pub struct Arriving {
    /// Bytes that it will have.
    pub size: u64,
    /// Gives a byte whenever it has grown, and ends when it will not any more.
    pub news: OwnedFd,
}

impl From<OwnedFd> for Blob {
    fn from(bytes: OwnedFd) -> Self {
        Self {
            bytes,
            arriving: None,
        }
    }
}

pub struct Source<'a> {
    blob: OwnedFd,
    kind: Kind<'a>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    consumed: &'a AtomicU64,
}

enum Kind<'a> {
    /// Read from its start whatever the offset that the descriptor shares with the daemon.
    File { offset: u64 },
    /// The same, waiting for what has not come yet.
    Arriving {
        offset: u64,
        arriving: Arriving,
        stop: BorrowedFd<'a>,
    },
    /// `stop` becomes readable when nobody wants the bytes any more: a pipe may stay silent for long.
    Stream { stop: BorrowedFd<'a> },
}

impl<'a> Source<'a> {
    pub fn new(
        Blob {
            bytes: blob,
            arriving,
        }: Blob,
        stop: BorrowedFd<'a>,
        consumed: &'a AtomicU64,
    ) -> Result<Self, StreamError> {
        let stat = fstat(&blob).map_err(StreamError::Read)?;
        let kind = if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            Kind::Stream { stop }
        } else if let Some(arriving) = arriving {
            Kind::Arriving {
                offset: 0,
                arriving,
                stop,
            }
        } else {
            // Only a hint: reading is correct without it.
            let _ = fadvise(&blob, 0, None, Advice::Sequential);
            Kind::File { offset: 0 }
        };
        Ok(Self {
            blob,
            kind,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            consumed,
        })
    }

    /// The next `count` bytes without consuming them; fewer only at the end of the blob.
    pub fn peek(&mut self, count: usize) -> Result<&[u8], StreamError> {
        while self.end - self.start < count {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            let got = self.receive(self.end).map_err(as_stream_error)?;
            if got == 0 {
                break;
            }
            self.end += got;
        }
        Ok(&self.buffer[self.start..self.end.min(self.start + count)])
    }

    /// Reads into the buffer from index `at` on; zero at the end of the blob.
    fn receive(&mut self, at: usize) -> io::Result<usize> {
        let got = receive(&self.blob, &mut self.kind, &mut self.buffer[at..])?;
        self.consumed.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end && into.len() >= BUFFER {
            let got = receive(&self.blob, &mut self.kind, into)?;
            self.consumed.fetch_add(got as u64, Ordering::Relaxed);
            return Ok(got);
        }
        let ready = self.fill_buf()?;
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.end = self.receive(0)?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
    }
}

fn receive(blob: &OwnedFd, kind: &mut Kind<'_>, into: &mut [u8]) -> io::Result<usize> {
    loop {
        let result = match kind {
            Kind::File { offset } => pread(blob, &mut *into, *offset).inspect(|got| {
                *offset += *got as u64;
            }),
            Kind::Arriving {
                offset,
                arriving,
                stop,
            } => return receive_arriving(blob, offset, arriving, *stop, into),
            Kind::Stream { stop } => {
                if !await_bytes(blob, *stop)? {
                    return Err(io::Error::other(StreamError::Cancelled));
                }
                read(blob, &mut *into)
            }
        };
        match result {
            // The daemon's end of a socket may have made the descriptor non-blocking.
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(errno) => return Err(io::Error::other(StreamError::Read(errno))),
            Ok(got) => return Ok(got),
        }
    }
}

/// Of a file that ends before its size there is nothing to be made.
fn receive_arriving(
    blob: &OwnedFd,
    offset: &mut u64,
    Arriving { size, news }: &Arriving,
    stop: BorrowedFd<'_>,
    into: &mut [u8],
) -> io::Result<usize> {
    let left = usize::try_from(*size - *offset).unwrap_or(usize::MAX);
    let most = into.len().min(left);
    if most == 0 {
        return Ok(0);
    }
    let mut over = false;
    loop {
        match pread(blob, &mut into[..most], *offset) {
            Err(Errno::INTR) => {}
            Err(errno) => return Err(io::Error::other(StreamError::Read(errno))),
            Ok(0) if over || !await_bytes(news, stop)? => {
                return Err(io::Error::other(StreamError::Cancelled));
            }
            // What had come before the news is there now, however much of the news is still unread.
            Ok(0) => over = matches!(read(news, &mut [0; 512]), Ok(0)),
            Ok(got) => {
                *offset += got as u64;
                return Ok(got);
            }
        }
    }
}

fn await_bytes(blob: &OwnedFd, stop: BorrowedFd<'_>) -> io::Result<bool> {
    let mut wanted = [
        PollFd::new(blob, PollFlags::IN),
        PollFd::from_borrowed_fd(stop, PollFlags::IN),
    ];
    loop {
        match poll(&mut wanted, None) {
            Err(Errno::INTR) => {}
            Err(errno) => return Err(io::Error::other(StreamError::Read(errno))),
            Ok(_) => return Ok(wanted[1].revents().is_empty()),
        }
    }
}

/// What a reader wrapped into an [`io::Error`], if it was ours; the error's text otherwise.
pub fn unwrap_error(
    error: io::Error,
    otherwise: impl FnOnce(String) -> StreamError,
) -> StreamError {
    let text = error.to_string();
    match error
        .into_inner()
        .map(|inner| inner.downcast::<StreamError>())
    {
        Some(Ok(ours)) => *ours,
        _ => otherwise(text),
    }
}

fn as_stream_error(error: io::Error) -> StreamError {
    unwrap_error(error, |_| StreamError::Read(Errno::IO))
}
