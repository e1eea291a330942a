//! Reading one directory.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;

use rustix::fs::{Dir, FileType, OFlags, RawDir, Stat};
use rustix::io::Errno;

/// Flags that open a directory for reading its entries, never through a symbolic link.
pub const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Bytes that the kernel fills with entries in one call.
const BATCH: usize = 16 * 1024;

/// Device and inode number: equal for two names of one file.
pub type Identity = (u64, u64);

/// Returns the identity of the file that `status` describes.
pub fn identity(status: &Stat) -> Identity {
    (status.st_dev, status.st_ino)
}

/// Returns the names in a directory, sorted, so that equal trees give equal results.
pub fn names(directory: BorrowedFd<'_>) -> Result<Vec<CString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if !is_dot(entry.file_name().to_bytes()) {
            names.push(entry.file_name().to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Reports whether a directory has no entries.
pub fn is_empty(directory: BorrowedFd<'_>) -> Result<bool, Errno> {
    for entry in Dir::read_from(directory)? {
        if !is_dot(entry?.file_name().to_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads the next entries of a directory, as many as the kernel returns at once. The result is empty only at the end.
/// The type may be [`FileType::Unknown`].
pub fn read_batch(directory: BorrowedFd<'_>) -> Result<Vec<(CString, FileType)>, Errno> {
    let mut buffer = [MaybeUninit::<u8>::uninit(); BATCH];
    let mut entries = RawDir::new(directory, &mut buffer);
    let mut batch = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if !is_dot(entry.file_name().to_bytes()) {
            batch.push((entry.file_name().to_owned(), entry.file_type()));
        }
        if entries.is_buffer_empty() && !batch.is_empty() {
            break;
        }
    }
    Ok(batch)
}

fn is_dot(name: &[u8]) -> bool {
    matches!(name, b"." | b"..")
}
