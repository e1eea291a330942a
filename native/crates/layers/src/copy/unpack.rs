//! Unpacking an archive into a directory of a container.

use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::zygote::Mapping;

use super::real_path::real_path;
use crate::archive::Reader;
use crate::blob;
use crate::extract::{Destination, Extractor};
use crate::file_failure::refused;
use crate::layer::UnpackError;

pub struct UnpackOptions<'a> {
    pub mapping: &'a Mapping,
    /// Whether a directory and a file of another kind never replace each other.
    pub keep_kinds: bool,
    /// Owner of everything; the owners of the archive if absent.
    pub owner: Option<(u32, u32)>,
}

/// Unpacks a tar archive, plain or compressed, into the directory at a path.
pub fn unpack(
    root: BorrowedFd<'_>,
    path: &str,
    source: OwnedFd,
    options: &UnpackOptions<'_>,
) -> Result<(), Failure> {
    // The extractor resolves the names of entries below a path without symbolic links.
    let destination = Destination {
        directory: real_path(root, path).map_err(|errno| refused(path, errno))?,
        keep_kinds: options.keep_kinds,
    };
    let result = blob::read(source, u64::MAX, &mut |_| {}, |chunks| {
        Extractor::for_files(root, destination, options.owner, options.mapping)
            .extract::<UnpackError>(&mut Reader::new(chunks))
    });
    result.map(|_| ()).map_err(Failure::from)
}
