//! Blocks of an archive, compressed by several threads and written in their order.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

use flate2::Crc;
use protocol::work::{Compression, CompressionFormat};
use sha2::{Digest, Sha256};

use super::{gzip, zstd_frame};
use crate::digest::DigestWriter;

/// Size of a gzip block. It must not depend on the number of processors, or equal content would have several digests.
const GZIP_BLOCK: usize = 1024 * 1024;
/// Size of a zstd block. It is larger than a gzip block, because a frame does not refer to the frame before it.
const ZSTD_BLOCK: usize = 4 * 1024 * 1024;
/// Maximum number of blocks in the queue of a thread.
const DEPTH: usize = 2;

/// The compressed archive.
pub struct Written {
    /// SHA-256 digest of the compressed bytes.
    pub digest: [u8; 32],
    /// Number of compressed bytes.
    pub size: u64,
    /// SHA-256 digest of the content.
    pub content: [u8; 32],
    /// Number of bytes of the content.
    pub content_size: u64,
}

type Block = Arc<Vec<u8>>;

/// A block for one of the threads.
struct Job {
    block: Block,
    before: Option<Block>,
    last: bool,
    reply: SyncSender<io::Result<Piece>>,
}

/// A compressed block.
struct Piece {
    bytes: Vec<u8>,
    /// Checksum of the block's content.
    checksum: Crc,
}

/// Compresses the output of `produce` and writes it to `output`.
pub fn write<W: Write + Send, T, E: From<io::Error>>(
    compression: Compression,
    output: W,
    progress: &mut dyn FnMut(u64),
    produce: impl FnOnce(&mut BlockWriter<'_>) -> Result<T, E>,
) -> Result<(T, Written), E> {
    let threads = available_parallelism().map_or(1, usize::from);
    let (jobs, waiting) = sync_channel::<Job>(threads * DEPTH);
    let (order, pieces) = sync_channel::<Receiver<io::Result<Piece>>>(threads * DEPTH);
    let (content, hashed) = sync_channel::<Block>(threads * DEPTH);
    let waiting = Arc::new(Mutex::new(waiting));
    scope(|scope| {
        for _ in 0..threads {
            let waiting = Arc::clone(&waiting);
            Builder::new()
                .name("compress".into())
                .spawn_scoped(scope, move || compress_jobs(&waiting, compression))?;
        }
        drop(waiting);
        let hashing = Builder::new()
            .name("hash".into())
            .spawn_scoped(scope, move || hash(hashed))?;
        let writing = Builder::new()
            .name("write".into())
            .spawn_scoped(scope, move || write_pieces(compression, pieces, output))?;
        let mut writer = BlockWriter {
            size: block_size(compression),
            queues: Some(Queues {
                jobs,
                order,
                content,
            }),
            block: Vec::new(),
            before: None,
            total: 0,
            progress,
        };
        let produced = produce(&mut writer);
        let finished = match &produced {
            Ok(_) => writer.submit(true),
            Err(_) => Ok(()),
        };
        let content_size = writer.total;
        drop(writer);
        let content = join(hashing);
        let written = join(writing);
        // A failed write closes the queue, so the write's error is returned first.
        let (digest, size) = written?;
        let value = produced?;
        finished?;
        let written = Written {
            digest,
            size,
            content,
            content_size,
        };
        Ok((value, written))
    })
}

fn join<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn block_size(Compression { format, .. }: Compression) -> usize {
    match format {
        CompressionFormat::Gzip => GZIP_BLOCK,
        CompressionFormat::Zstd => ZSTD_BLOCK,
    }
}

fn compress_jobs(waiting: &Mutex<Receiver<Job>>, compression: Compression) {
    loop {
        let received = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(job) = received else { return };
        // Sending fails only after a failed write.
        let _ = job.reply.send(compress(&job, compression));
    }
}

fn compress(job: &Job, Compression { format, level }: Compression) -> io::Result<Piece> {
    let mut checksum = Crc::new();
    let bytes = match format {
        CompressionFormat::Gzip => {
            checksum.update(&job.block);
            let before = job.before.as_ref().map_or(&[][..], |before| before);
            gzip::compress(&job.block, before, level, job.last)?
        }
        CompressionFormat::Zstd => {
            let level = i32::try_from(level).map_err(io::Error::other)?;
            zstd_frame::compress(&job.block, level)?
        }
    };
    Ok(Piece { bytes, checksum })
}

fn hash(blocks: Receiver<Block>) -> [u8; 32] {
    let mut digest = Sha256::new();
    for block in blocks {
        digest.update(block.as_slice());
    }
    digest.finalize().into()
}

/// Writes the pieces in their order. Returns digest and number of the bytes.
fn write_pieces(
    Compression { format, .. }: Compression,
    pieces: Receiver<Receiver<io::Result<Piece>>>,
    output: impl Write,
) -> io::Result<([u8; 32], u64)> {
    let mut output = DigestWriter::new(output);
    let mut checksum = Crc::new();
    if format == CompressionFormat::Gzip {
        output.write_all(&gzip::HEADER)?;
    }
    for piece in pieces {
        let piece = piece.recv().map_err(io::Error::other)??;
        output.write_all(&piece.bytes)?;
        checksum.combine(&piece.checksum);
    }
    if format == CompressionFormat::Gzip {
        output.write_all(&gzip::trailer(&checksum))?;
    }
    output.flush()?;
    let size = output.count();
    Ok((output.finish(), size))
}

/// The queues of the threads.
struct Queues {
    jobs: SyncSender<Job>,
    order: SyncSender<Receiver<io::Result<Piece>>>,
    content: SyncSender<Block>,
}

/// A writer that divides its input into blocks.
pub struct BlockWriter<'a> {
    /// Bytes of a block.
    size: usize,
    queues: Option<Queues>,
    block: Vec<u8>,
    before: Option<Block>,
    /// Bytes in submitted blocks.
    total: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl BlockWriter<'_> {
    fn submit(&mut self, last: bool) -> io::Result<()> {
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        let queues = self.queues.as_ref().ok_or_else(closed)?;
        let block = Arc::new(std::mem::take(&mut self.block));
        self.total += block.len() as u64;
        let (reply, piece) = sync_channel(1);
        let job = Job {
            block: Arc::clone(&block),
            before: self.before.replace(Arc::clone(&block)),
            last,
            reply,
        };
        let sent = queues.order.send(piece).is_ok()
            && queues.jobs.send(job).is_ok()
            && queues.content.send(block).is_ok();
        (self.progress)(self.total);
        if sent { Ok(()) } else { Err(closed()) }
    }
}

impl Write for BlockWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full block is kept until the next byte arrives, because the last block must end the stream.
        if self.block.len() == self.size {
            self.submit(false)?;
        }
        if self.block.capacity() == 0 {
            self.block.reserve_exact(self.size);
        }
        let count = bytes.len().min(self.size - self.block.len());
        self.block.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
