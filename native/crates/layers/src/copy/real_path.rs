//! Paths without symbolic links.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use walk::{Identity, names};

use super::path::open;

/// Flags that open a directory without reading it.
const REFERENCE: OFlags = OFlags::PATH
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Maximum number of directories of a path.
const MAX_DEPTH: usize = 4096;

/// Returns the path of a directory below the root without symbolic links. Each name is looked up in the parent
/// directory, because the kernel returns the path of a descriptor only relative to the process's own root.
pub fn real_path(root: BorrowedFd<'_>, path: &str) -> Result<Vec<u8>, Errno> {
    let top = identity_of(root)?;
    let mut current = open(root, path, OFlags::PATH | OFlags::DIRECTORY)?;
    let mut parts: Vec<Vec<u8>> = Vec::new();
    while identity_of(current.as_fd())? != top {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = openat(&current, "..", flags, Mode::empty())?;
        parts.push(name_in(&parent, current.as_fd())?);
        if parts.len() > MAX_DEPTH {
            return Err(Errno::LOOP);
        }
        current = parent;
    }
    parts.reverse();
    Ok(parts.join(&b'/'))
}

/// Returns the name of a directory in its parent. For a mount point, the mounted directory is compared.
fn name_in(parent: &OwnedFd, directory: BorrowedFd<'_>) -> Result<Vec<u8>, Errno> {
    let expected = identity_of(directory)?;
    for name in names(parent.as_fd())? {
        if let Ok(found) = openat(parent, &name, REFERENCE, Mode::empty())
            && identity_of(found.as_fd())? == expected
        {
            return Ok(name.into_bytes());
        }
    }
    Err(Errno::NOENT)
}

fn identity_of(directory: BorrowedFd<'_>) -> Result<Identity, Errno> {
    Ok(walk::identity(&fstat(directory)?))
}
