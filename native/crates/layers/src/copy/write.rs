//! Where an archive is unpacked to.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io::Errno;

use super::open_directory;

/// The path of a directory below the root without any link in it. It is found from below, by the entries of
/// the directories above it, because nothing else says where a descriptor is without resolving a path.
pub fn directory_of(root: BorrowedFd<'_>, path: &str) -> Result<Vec<u8>, Errno> {
    let top = identity(root)?;
    let mut current = open_directory(root, path)?;
    let mut parts: Vec<Vec<u8>> = Vec::new();
    while identity(current.as_fd())? != top {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let above = openat(&current, "..", flags, Mode::empty())?;
        parts.push(name_in(&above, current.as_fd())?);
        if parts.len() > 4096 {
            return Err(Errno::LOOP);
        }
        current = above;
    }
    parts.reverse();
    Ok(parts.join(&b'/'))
}

/// The name of a directory in the one above it. A mount point is found by what is mounted there.
fn name_in(above: &OwnedFd, directory: BorrowedFd<'_>) -> Result<Vec<u8>, Errno> {
    let wanted = identity(directory)?;
    for entry in rustix::fs::Dir::read_from(above)? {
        let entry = entry?;
        let name = std::ffi::OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if let Ok(found) = openat(above, name, flags, Mode::empty())
            && identity(found.as_fd())? == wanted
        {
            return Ok(name.as_bytes().to_vec());
        }
    }
    Err(Errno::NOENT)
}

fn identity(directory: BorrowedFd<'_>) -> Result<(u64, u64), Errno> {
    let status = fstat(directory)?;
    Ok((status.st_dev, status.st_ino))
}
