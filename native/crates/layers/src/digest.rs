//! SHA-256 digests of streams that are written.

use std::io::{Result, Write};

use sha2::{Digest, Sha256};

/// A writer that computes the digest of everything that passes through it.
pub struct DigestWriter<W> {
    inner: W,
    sha256: Sha256,
    count: u64,
}

impl<W: Write> DigestWriter<W> {
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            sha256: Sha256::new(),
            count: 0,
        }
    }

    /// Returns the number of bytes written so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn finish(self) -> [u8; 32] {
        self.sha256.finalize().into()
    }
}

impl<W: Write> Write for DigestWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let count = self.inner.write(bytes)?;
        self.sha256.update(&bytes[..count]);
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}

/// Returns bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
