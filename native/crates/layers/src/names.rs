//! What is in a directory.

use std::ffi::CString;
use std::os::fd::BorrowedFd;

use rustix::fs::Dir;
use rustix::io::Errno;

/// The names in a directory, in their order: the same tree gives the same archive, list and layer.
pub fn names(directory: BorrowedFd<'_>) -> Result<Vec<CString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    names.sort();
    Ok(names)
}
