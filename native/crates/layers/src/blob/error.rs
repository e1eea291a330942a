//! Errors of reading a layer blob.

use rustix::io::Errno;

#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("reading the layer blob")]
    Read(#[source] Errno),
    #[error("reading the layer blob was cancelled")]
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
    #[error("the layer unpacks to more than {0} bytes, the limit set by the free space")]
    TooLarge(u64, #[source] Errno),
    #[error("starting a thread for decompression")]
    Thread(#[source] std::io::Error),
}

impl BlobError {
    /// Returns the [`BlobError`] that a reader wrapped into an [`std::io::Error`]; for any other error, the result of
    /// `otherwise` for its text.
    pub fn unwrap(error: std::io::Error, otherwise: impl FnOnce(String) -> Self) -> Self {
        let text = error.to_string();
        match error.into_inner().map(|inner| inner.downcast::<Self>()) {
            Some(Ok(error)) => *error,
            _ => otherwise(text),
        }
    }
}
