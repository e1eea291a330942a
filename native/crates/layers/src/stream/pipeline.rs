//! One thread decompresses, one hashes, and the caller's extracts.

use std::io::{self, BufRead, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, scope};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use sha2::{Digest, Sha256};

use super::StreamError;
use super::decode::Decoder;
use super::source::{Blob, Source, unwrap_error};

/// Small enough for the second-level cache, so that hashing and writing find the bytes there.
const CHUNK: usize = 256 * 1024;
/// Chunks in flight to each consumer.
const DEPTH: usize = 8;
const PROGRESS: Duration = Duration::from_millis(250);

type Chunk = Arc<Vec<u8>>;

/// What the consumer made of the stream, and the SHA-256 of all of it.
pub struct Digested<T> {
    pub value: T,
    pub sha256: [u8; 32],
}

/// Hands the decompressed bytes of `blob` to `consume`, which runs on this thread. Whatever it
/// leaves unread is read and hashed too. `progress` is told the compressed bytes read so far.
pub fn read<T, E: From<StreamError>>(
    blob: impl Into<Blob>,
    limit: u64,
    progress: &mut dyn FnMut(u64),
    consume: impl FnOnce(&mut Chunks<'_>) -> Result<T, E>,
) -> Result<Digested<T>, E> {
    let consumed = AtomicU64::new(0);
    let stop = eventfd(0, EventfdFlags::CLOEXEC).map_err(StreamError::Read)?;
    let source = Source::new(blob.into(), stop.as_fd(), &consumed)?;
    let (hash_sender, hash_receiver) = sync_channel::<Chunk>(DEPTH);
    let (chunk_sender, chunk_receiver) = sync_channel(DEPTH);
    let (spare_sender, spare_receiver) = channel();
    let hash_spares = spare_sender.clone();
    let mut chunks = Chunks {
        receiver: chunk_receiver,
        spares: spare_sender,
        current: None,
        position: 0,
        consumed: &consumed,
        progress,
        reported: Instant::now(),
    };

    scope(|threads| {
        let hashing = Builder::new()
            .name("hash".into())
            .spawn_scoped(threads, move || hash(hash_receiver, hash_spares))
            .map_err(StreamError::Thread)?;
        let feed = Feed {
            hash: hash_sender,
            chunks: chunk_sender,
            spares: spare_receiver,
        };
        Builder::new()
            .name("decompress".into())
            .spawn_scoped(threads, move || feed.run(source, limit))
            .map_err(StreamError::Thread)?;

        let outcome = consume(&mut chunks).and_then(|value| {
            chunks.drain()?;
            Ok(value)
        });
        drop(chunks);
        // Wakes a decompressor that waits for a silent pipe; it ends at its next send otherwise.
        let _ = rustix::io::write(&stop, &1u64.to_ne_bytes());
        let sha256 = match hashing.join() {
            Ok(digest) => digest,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        outcome.map(|value| Digested { value, sha256 })
    })
}

struct Feed {
    hash: SyncSender<Chunk>,
    chunks: SyncSender<Result<Chunk, StreamError>>,
    spares: Receiver<Vec<u8>>,
}

impl Feed {
    fn run(self, source: Source<'_>, limit: u64) {
        if let Err(error) = self.decompress(source, limit) {
            // Nobody is left to tell when the consumer gave up first.
            let _ = self.chunks.send(Err(error));
        }
    }

    fn decompress(&self, source: Source<'_>, limit: u64) -> Result<(), StreamError> {
        let mut decoder = Decoder::detect(source)?;
        let mut total = 0;
        loop {
            let mut buffer = self.spares.try_recv().unwrap_or_default();
            buffer.resize(CHUNK, 0);
            let filled = decoder.fill(&mut buffer)?;
            buffer.truncate(filled);
            total += filled as u64;
            if total > limit {
                return Err(StreamError::TooLarge(limit));
            }
            if filled == 0 {
                return Ok(());
            }
            let chunk = Arc::new(buffer);
            if self.hash.send(Arc::clone(&chunk)).is_err() || self.chunks.send(Ok(chunk)).is_err() {
                return Ok(());
            }
        }
    }
}

fn hash(chunks: Receiver<Chunk>, spares: Sender<Vec<u8>>) -> [u8; 32] {
    let mut digest = Sha256::new();
    for chunk in chunks {
        digest.update(chunk.as_slice());
        recycle(chunk, &spares);
    }
    digest.finalize().into()
}

/// Whichever consumer is last gives the buffer back.
fn recycle(chunk: Chunk, spares: &Sender<Vec<u8>>) {
    if let Some(buffer) = Arc::into_inner(chunk) {
        let _ = spares.send(buffer);
    }
}

/// The decompressed stream. Errors of reading are [`StreamError`]s inside [`io::Error`].
pub struct Chunks<'a> {
    receiver: Receiver<Result<Chunk, StreamError>>,
    spares: Sender<Vec<u8>>,
    current: Option<Chunk>,
    position: usize,
    consumed: &'a AtomicU64,
    progress: &'a mut dyn FnMut(u64),
    reported: Instant,
}

impl Chunks<'_> {
    fn drain(&mut self) -> Result<(), StreamError> {
        loop {
            let count = self
                .fill_buf()
                .map_err(|error| unwrap_error(error, |_| StreamError::Cancelled))?
                .len();
            if count == 0 {
                (self.progress)(self.consumed.load(Ordering::Relaxed));
                return Ok(());
            }
            self.consume(count);
        }
    }

    fn report(&mut self) {
        if self.reported.elapsed() >= PROGRESS {
            (self.progress)(self.consumed.load(Ordering::Relaxed));
            self.reported = Instant::now();
        }
    }
}

impl BufRead for Chunks<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let spent = self
            .current
            .as_ref()
            .is_none_or(|chunk| self.position == chunk.len());
        if spent {
            if let Some(chunk) = self.current.take() {
                recycle(chunk, &self.spares);
            }
            self.report();
            self.position = 0;
            // A closed channel is the end of the stream.
            if let Ok(received) = self.receiver.recv() {
                self.current = Some(received.map_err(io::Error::other)?);
            }
        }
        Ok(self
            .current
            .as_ref()
            .map_or(&[], |chunk| &chunk[self.position..]))
    }

    fn consume(&mut self, count: usize) {
        self.position += count;
    }
}

impl Read for Chunks<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}
