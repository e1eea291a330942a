//! Errors of reading an archive.

use crate::blob::BlobError;
use crate::quote::quote;

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    Blob(#[from] BlobError),
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
    #[error("the extended header before byte {at} has a malformed record: {fault}")]
    Pax { at: u64, fault: &'static str },
    #[error("the extended header before byte {at} is larger than {limit} bytes")]
    HeaderTooLarge { at: u64, limit: u64 },
    #[error("the global header before byte {at} sets {}, which readers treat differently", quote(.key))]
    Global { at: u64, key: Vec<u8> },
    #[error("an entry has two extended headers of the same kind before byte {0}")]
    Repeated(u64),
    #[error("{} has a different name in its GNU header than in its PAX header", quote(.0))]
    Ambiguous(Vec<u8>),
    #[error("{} has a malformed sparse map: {fault}", quote(.name))]
    Sparse { name: Vec<u8>, fault: &'static str },
}
