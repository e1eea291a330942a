//! From a layer blob to its decompressed bytes and their digest.

mod decode;
mod pipeline;
mod source;

pub use pipeline::{Chunks, Digested, read};
pub use source::{Arriving, Blob, unwrap_error};

use rustix::io::Errno;

#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("reading the layer blob")]
    Read(#[source] Errno),
    #[error("reading the layer blob was given up")]
    Cancelled,
    #[error("the gzip stream is damaged: {0}")]
    Gzip(String),
    #[error("the gzip stream is followed by data that is not gzip")]
    GzipTrailer,
    #[error("the zstd stream is damaged: {0}")]
    Zstd(String),
    #[error("the xz stream is damaged: {0}")]
    Xz(String),
    #[error("the bzip2 stream is damaged: {0}")]
    Bzip2(String),
    #[error("the layer unpacks to more than the limit of {0} bytes")]
    TooLarge(u64),
    #[error("starting a thread to unpack with")]
    Thread(#[source] std::io::Error),
}
