//! Zstandard frames. Concatenated frames are one stream (RFC 8878, section 3).

use std::io::Result;

/// Compresses a block to one frame.
pub fn compress(block: &[u8], level: i32) -> Result<Vec<u8>> {
    zstd::bulk::compress(block, level)
}
