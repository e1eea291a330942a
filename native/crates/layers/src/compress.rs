//! Compressing an archive on all processors, with output that depends only on the content.

mod blocks;
mod gzip;
mod zstd_frame;

pub use blocks::{Written, write};
