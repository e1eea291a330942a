//! Reading tar: v7, ustar, GNU and PAX, with sparse files in all of GNU's formats.
//!
//! Where well-known readers would see different entries in the same bytes, the archive is refused.

mod header;
mod number;
mod pax;
mod reader;
mod sparse;

pub use reader::Reader;

use crate::failure::quote;
use crate::stream::StreamError;

/// One entry, its data still unread.
#[derive(Debug)]
pub struct Entry {
    /// As in the archive: any bytes but NUL.
    pub name: Vec<u8>,
    pub kind: Kind,
    /// Permission, set-id and sticky bits only.
    pub mode: u32,
    pub uid: i64,
    pub gid: i64,
    pub modified: Time,
    /// Of a file, holes included; zero for anything else.
    pub size: u64,
    /// Where the stored bytes of a file belong, ascending; all else is holes.
    pub segments: Vec<Segment>,
    pub attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    /// With its target, as in the archive.
    HardLink(Vec<u8>),
    Symlink(Vec<u8>),
    Fifo,
    Device,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Time {
    pub seconds: i64,
    /// Below 1,000,000,000, also before the epoch.
    pub nanoseconds: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    pub offset: u64,
    pub length: u64,
}

/// An extended attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error("the archive ends in the middle of {0}")]
    Truncated(&'static str),
    #[error("the layer is not a tar archive")]
    NotTar,
    #[error("the header at byte {0} has a wrong checksum")]
    Checksum(u64),
    #[error("a lone block of zeros at byte {0} is followed by more entries")]
    LoneZeros(u64),
    #[error("the header at byte {at} has a malformed {field}")]
    Field { at: u64, field: &'static str },
    #[error("{} has the unknown entry type {}", quote(.name), quote(&[*.flag]))]
    Type { name: Vec<u8>, flag: u8 },
    #[error("{} is a file whose name ends with a slash", quote(.0))]
    FileWithSlash(Vec<u8>),
    #[error("the extended header before byte {at} has a malformed record: {what}")]
    Pax { at: u64, what: &'static str },
    #[error("the extended header before byte {at} is larger than {limit} bytes")]
    HeaderTooLarge { at: u64, limit: u64 },
    #[error("the global header before byte {at} sets {}, on which readers differ", quote(.key))]
    Global { at: u64, key: Vec<u8> },
    #[error("two extended headers of one kind before byte {0}")]
    Repeated(u64),
    #[error("{} has another name in its GNU header than in its PAX header", quote(.0))]
    Ambiguous(Vec<u8>),
    #[error("{} has a malformed map of its data: {what}", quote(.name))]
    Sparse { name: Vec<u8>, what: &'static str },
}
