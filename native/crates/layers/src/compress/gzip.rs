//! A gzip member of deflate blocks that are compressed independently of one another.

use std::io::{Error, Result};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// Header of a member without a name, a time or a system (RFC 1952).
pub const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Largest distance of a match in deflate.
const WINDOW: usize = 32 * 1024;

/// Compresses a block to deflate data that ends at a byte. Matches may reach into `before`, the block before this one.
pub fn compress(block: &[u8], before: &[u8], level: u32, last: bool) -> Result<Vec<u8>> {
    let mut state = Compress::new(Compression::new(level), false);
    if !before.is_empty() {
        let dictionary = &before[before.len().saturating_sub(WINDOW)..];
        state.set_dictionary(dictionary).map_err(Error::other)?;
    }
    let flush = if last {
        FlushCompress::Finish
    } else {
        FlushCompress::Sync
    };
    let mut output = Vec::with_capacity(block.len() / 2 + 1024);
    loop {
        let read = usize::try_from(state.total_in()).map_err(Error::other)?;
        let status = state
            .compress_vec(&block[read..], &mut output, flush)
            .map_err(Error::other)?;
        // A flush is complete only when it leaves room in the output.
        let complete = if last {
            status == Status::StreamEnd
        } else {
            state.total_in() == block.len() as u64 && output.len() < output.capacity()
        };
        if complete {
            return Ok(output);
        }
        output.reserve(block.len() / 4 + 1024);
    }
}

/// Returns the end of a member.
pub fn trailer(checksum: &Crc) -> [u8; 8] {
    let mut trailer = [0; 8];
    trailer[..4].copy_from_slice(&checksum.sum().to_le_bytes());
    trailer[4..].copy_from_slice(&checksum.amount().to_le_bytes());
    trailer
}
