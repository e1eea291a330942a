//! Three threads: one decompresses, one computes the digest, and the caller's thread consumes the bytes.

use std::io::{self, BufRead, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, scope};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::decode::Decoder;
use super::error::BlobError;
use super::source::{Blob, Source};

/// Bytes of a chunk: small enough for the second-level cache, where both consumers find them.
const CHUNK: usize = 256 * 1024;
/// Chunks queued for each consumer.
const DEPTH: usize = 8;
/// Shortest time between two reports of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);

type Chunk = Arc<Vec<u8>>;

/// The consumer's result, and the SHA-256 digest of the whole stream.
pub struct Digested<T> {
    pub value: T,
    pub sha256: [u8; 32],
}

/// Passes the decompressed bytes of `blob` to `consume`, which runs on this thread. Bytes that `consume` leaves unread
/// are also part of the digest. `progress` receives the number of compressed bytes read so far.
pub fn read<T, E: From<BlobError>>(
    blob: impl Into<Blob>,
    limit: u64,
    progress: &mut dyn FnMut(u64),
    consume: impl FnOnce(&mut Chunks<'_>) -> Result<T, E>,
) -> Result<Digested<T>, E> {
    let consumed = AtomicU64::new(0);
    let stop = eventfd(0, EventfdFlags::CLOEXEC).map_err(BlobError::Read)?;
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

    let feed = Feed {
        hash: hash_sender,
        chunks: chunk_sender,
        spares: spare_receiver,
    };

    scope(|threads| {
        let hashing = Builder::new()
            .name("hash".into())
            .spawn_scoped(threads, move || hash(hash_receiver, hash_spares))
            .map_err(BlobError::Thread)?;
        Builder::new()
            .name("decompress".into())
            .spawn_scoped(threads, move || feed.run(source, limit))
            .map_err(BlobError::Thread)?;

        let outcome = consume(&mut chunks).and_then(|value| {
            chunks.drain()?;
            Ok(value)
        });
        drop(chunks);
        // Wakes a decompressor that waits for a pipe. Any other decompressor ends at its next send.
        let _ = rustix::io::write(&stop, &1u64.to_ne_bytes());
        let sha256 = match hashing.join() {
            Ok(digest) => digest,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        outcome.map(|value| Digested { value, sha256 })
    })
}

/// The decompressor's side of the channels.
struct Feed {
    hash: SyncSender<Chunk>,
    chunks: SyncSender<Result<Chunk, BlobError>>,
    spares: Receiver<Vec<u8>>,
}

impl Feed {
    fn run(self, source: Source<'_>, limit: u64) {
        if let Err(error) = self.decompress(source, limit) {
            // The receiver is gone if the consumer failed first.
            let _ = self.chunks.send(Err(error));
        }
    }

    fn decompress(&self, source: Source<'_>, limit: u64) -> Result<(), BlobError> {
        let mut decoder = Decoder::detect(source)?;
        let mut total = 0;
        loop {
            let mut buffer = self.spares.try_recv().unwrap_or_default();
            buffer.resize(CHUNK, 0);
            let filled = decoder.fill(&mut buffer)?;
            buffer.truncate(filled);
            total += filled as u64;
            if total > limit {
                return Err(BlobError::TooLarge(limit, Errno::NOSPC));
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

/// Returns the buffer to the decompressor if no other consumer holds it.
fn recycle(chunk: Chunk, spares: &Sender<Vec<u8>>) {
    if let Some(buffer) = Arc::into_inner(chunk) {
        let _ = spares.send(buffer);
    }
}

/// The decompressed stream. Its errors are [`BlobError`]s inside [`io::Error`].
pub struct Chunks<'a> {
    receiver: Receiver<Result<Chunk, BlobError>>,
    spares: Sender<Vec<u8>>,
    current: Option<Chunk>,
    position: usize,
    consumed: &'a AtomicU64,
    progress: &'a mut dyn FnMut(u64),
    reported: Instant,
}

impl Chunks<'_> {
    /// Reads to the end of the stream.
    fn drain(&mut self) -> Result<(), BlobError> {
        loop {
            let count = self
                .fill_buf()
                .map_err(|error| BlobError::unwrap(error, |_| BlobError::Cancelled))?
                .len();
            if count == 0 {
                (self.progress)(self.consumed.load(Ordering::Relaxed));
                return Ok(());
            }
            self.consume(count);
        }
    }

    fn report(&mut self) {
        if self.reported.elapsed() >= PROGRESS_INTERVAL {
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
