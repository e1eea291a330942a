//! Sums of an archive.

/// Number and size of the entries of an archive.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub entries: u64,
    /// Size of all files together, in bytes.
    pub size: u64,
}
