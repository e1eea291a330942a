//! Descriptors from numbers and paths.

use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use crate::errno;

/// Opens a directory for use with relative paths. The descriptor itself cannot be read.
pub fn open_directory(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty())
}

/// Duplicates the descriptor with this number, which stays the caller's; the copy is closed on exec. Fails with EBADF
/// if the number is not open.
pub fn duplicate(number: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: the kernel checks the number; no memory is passed and nothing is closed.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 0) };
    if copy < 0 {
        return Err(errno::last());
    }
    // SAFETY: the kernel has just returned this descriptor and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_duplicate_outlives_the_original_and_is_closed_on_exec() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let copy = duplicate(writer.as_raw_fd()).unwrap();
        drop(writer);
        rustix::io::write(&copy, b"x").unwrap();
        let mut byte = [0];
        assert_eq!(rustix::io::read(&reader, &mut byte), Ok(1));
        let flags = rustix::io::fcntl_getfd(&copy).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }

    #[test]
    fn a_number_that_is_not_open_is_refused() {
        assert_eq!(duplicate(-1).unwrap_err(), Errno::BADF);
        assert_eq!(duplicate(i32::MAX).unwrap_err(), Errno::BADF);
    }
}
