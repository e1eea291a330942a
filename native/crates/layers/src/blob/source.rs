//! Buffered reading of a blob from a file, a pipe or a socket.

use std::io::{self, BufRead, Read};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Advice, FileType, fadvise, fstat};
use rustix::io::{Errno, pread, read};

use super::error::BlobError;

/// Bytes read at once.
const BUFFER: usize = 128 * 1024;

/// The input of an unpack request.
pub struct Blob {
    pub bytes: OwnedFd,
    /// Absent for a complete file, and for a pipe or socket, which ends by itself.
    pub arriving: Option<Arriving>,
}

/// A file that is still being written.
pub struct Arriving {
    /// Size of the complete file, in bytes.
    pub size: u64,
    /// A pipe or socket: one byte whenever the file grew, and the end when it does not grow any more.
    pub growth: OwnedFd,
}

impl From<OwnedFd> for Blob {
    fn from(bytes: OwnedFd) -> Self {
        Self {
            bytes,
            arriving: None,
        }
    }
}

/// A buffered reader of a blob.
pub struct Source<'a> {
    blob: OwnedFd,
    kind: Kind<'a>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    consumed: &'a AtomicU64,
}

enum Kind<'a> {
    /// Read from the start of the file: the daemon shares the descriptor's own offset.
    File { offset: u64 },
    /// Read like a file, but waits for bytes that are still missing.
    Arriving {
        offset: u64,
        arriving: Arriving,
        stop: BorrowedFd<'a>,
    },
    /// `stop` becomes readable when the bytes are not needed any more: a pipe may stay silent for long.
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
    ) -> Result<Self, BlobError> {
        let stat = fstat(&blob).map_err(BlobError::Read)?;
        let kind = if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            Kind::Stream { stop }
        } else if let Some(arriving) = arriving {
            Kind::Arriving {
                offset: 0,
                arriving,
                stop,
            }
        } else {
            // Reading is correct without this hint.
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

    /// Returns the next `count` bytes without consuming them; fewer only at the end of the blob.
    pub fn peek(&mut self, count: usize) -> Result<&[u8], BlobError> {
        while self.end - self.start < count {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            let got = self.receive(self.end).map_err(to_blob_error)?;
            if got == 0 {
                break;
            }
            self.end += got;
        }
        Ok(&self.buffer[self.start..self.end.min(self.start + count)])
    }

    /// Reads into the buffer from index `at` on, and returns the count: zero at the end of the blob.
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
                    return Err(io::Error::other(BlobError::Cancelled));
                }
                read(blob, &mut *into)
            }
        };
        match result {
            // The daemon may have made the socket non-blocking.
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(errno) => return Err(io::Error::other(BlobError::Read(errno))),
            Ok(got) => return Ok(got),
        }
    }
}

/// Reads from a file that is still being written. Fails if the writer stops before the file is complete.
fn receive_arriving(
    blob: &OwnedFd,
    offset: &mut u64,
    Arriving { size, growth }: &Arriving,
    stop: BorrowedFd<'_>,
    into: &mut [u8],
) -> io::Result<usize> {
    let left = usize::try_from(*size - *offset).unwrap_or(usize::MAX);
    let most = into.len().min(left);
    if most == 0 {
        return Ok(0);
    }
    let mut finished = false;
    loop {
        match pread(blob, &mut into[..most], *offset) {
            Err(Errno::INTR) => {}
            Err(errno) => return Err(io::Error::other(BlobError::Read(errno))),
            Ok(0) if finished || !await_bytes(growth, stop)? => {
                return Err(io::Error::other(BlobError::Cancelled));
            }
            // The next attempt sees everything that was written before these bytes were sent.
            Ok(0) => finished = matches!(read(growth, &mut [0; 512]), Ok(0)),
            Ok(got) => {
                *offset += got as u64;
                return Ok(got);
            }
        }
    }
}

/// Waits until `blob` is readable or at its end. Returns false if `stop` is readable.
fn await_bytes(blob: &OwnedFd, stop: BorrowedFd<'_>) -> io::Result<bool> {
    let mut polled = [
        PollFd::new(blob, PollFlags::IN),
        PollFd::from_borrowed_fd(stop, PollFlags::IN),
    ];
    loop {
        match poll(&mut polled, None) {
            Err(Errno::INTR) => {}
            Err(errno) => return Err(io::Error::other(BlobError::Read(errno))),
            Ok(_) => return Ok(polled[1].revents().is_empty()),
        }
    }
}

fn to_blob_error(error: io::Error) -> BlobError {
    BlobError::unwrap(error, |_| BlobError::Read(Errno::IO))
}
