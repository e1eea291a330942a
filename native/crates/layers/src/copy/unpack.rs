//! Unpacking an archive into a directory of a container.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::zygote::Mapping;
use rustix::fs::{OFlags, StatVfsMountFlags, fstat, fstatvfs};

use super::path::open;
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
    check_writable(root, path)?;
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

/// Refuses a directory on a read-only mount in Docker's words.
fn check_writable(root: BorrowedFd<'_>, path: &str) -> Result<(), Failure> {
    let at_path = |errno| refused(path, errno);
    let directory = open(root, path, OFlags::PATH).map_err(at_path)?;
    let flags = fstatvfs(&directory).map_err(at_path)?.f_flag;
    if !flags.contains(StatVfsMountFlags::RDONLY) {
        return Ok(());
    }
    let device = |file: BorrowedFd<'_>| fstat(file).map(|status| status.st_dev);
    let in_root = device(root).map_err(at_path)? == device(directory.as_fd()).map_err(at_path)?;
    let message = match in_root {
        true => "container rootfs is marked read-only",
        false => "mounted volume is marked read-only",
    };
    let failure = Failure::new(FailureKind::InvalidArgument, "copy", message);
    Err(failure)
}
