//! An entry of an archive.

use crate::metadata::Attribute;

/// An entry whose data is still unread.
#[derive(Debug)]
pub struct Entry {
    /// Name from the archive: any bytes but NUL.
    pub name: Vec<u8>,
    pub kind: Kind,
    /// Permission, set-id and sticky bits only.
    pub mode: u32,
    pub uid: i64,
    pub gid: i64,
    pub modified: Time,
    /// Size of a file, holes included; zero for any other kind.
    pub size: u64,
    /// Positions of a file's stored bytes, ascending; the rest is holes.
    pub segments: Vec<Segment>,
    pub attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    /// A hard link with its target, as in the archive.
    HardLink(Vec<u8>),
    /// A symbolic link with its target, as in the archive.
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

/// A range of a file that is stored in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    pub offset: u64,
    pub length: u64,
}
