//! Compression of an archive on all processors. The output depends only on the content.

mod blocks;
mod gzip;
mod zstd_frame;

pub use blocks::{Written, write};
