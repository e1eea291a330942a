//! Opens and creates files beneath a root whose content an image controls.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, mkdirat, openat};
use rustix::io::Errno;
use walk::resolve;

/// The kind of a mount and of its mount point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Directory,
    File,
}

/// Returns the kind of an open file.
pub fn kind_of(file: BorrowedFd<'_>) -> Result<Kind, Errno> {
    let mode = fstat(file)?.st_mode;
    Ok(match FileType::from_raw_mode(mode).is_dir() {
        true => Kind::Directory,
        false => Kind::File,
    })
}

/// Opens `path` as a process with this root directory would, but never through a magic link.
pub fn open(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    resolve::in_root(root, path, flags)
}

/// Opens `path` beneath the root. Fails with ELOOP at any symbolic link in the path.
pub fn open_without_links(
    root: BorrowedFd<'_>,
    path: &str,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    resolve::in_root_without_links(root, path, flags)
}

/// Opens a mount point. Creates missing directories with mode 0755, and a missing file as an empty one. Follows a
/// dangling symbolic link within the root and creates its target.
pub fn ensure(root: BorrowedFd<'_>, path: &str, kind: Kind) -> Result<OwnedFd, Errno> {
    ensure_through(root, path, kind, LINK_LIMIT)
}

/// Symbolic links followed in one path, as many as the kernel follows.
const LINK_LIMIT: u32 = 40;

fn ensure_through(
    root: BorrowedFd<'_>,
    path: &str,
    kind: Kind,
    links: u32,
) -> Result<OwnedFd, Errno> {
    match open(root, path, OFlags::PATH) {
        Err(Errno::NOENT) if links > 0 => {}
        found => return found,
    }
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    let mut done = String::from(".");
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        let parent = open(root, &done, OFlags::PATH | OFlags::DIRECTORY)?;
        if *part != ".." {
            let wanted = if last { kind } else { Kind::Directory };
            create(parent.as_fd(), part, wanted)?;
            if let Some(target) = dangling_target(root, parent.as_fd(), &done, part)? {
                ensure_through(root, &target, wanted, links - 1)?;
            }
        }
        done.push('/');
        done.push_str(part);
    }
    open(root, path, OFlags::PATH)
}

/// Returns the target of a dangling symbolic link, as a path from the root.
fn dangling_target(
    root: BorrowedFd<'_>,
    parent: BorrowedFd<'_>,
    done: &str,
    part: &str,
) -> Result<Option<String>, Errno> {
    match open(root, &format!("{done}/{part}"), OFlags::PATH) {
        Err(Errno::NOENT) => {}
        Ok(_) => return Ok(None),
        Err(errno) => return Err(errno),
    }
    let target = rustix::fs::readlinkat(parent, part, Vec::new())?;
    let target = target.to_str().map_err(|_| Errno::INVAL)?;
    Ok(Some(if target.starts_with('/') {
        target.to_owned()
    } else {
        format!("{done}/{target}")
    }))
}

/// Creates an entry of a directory unless one of that name exists.
pub fn create(parent: BorrowedFd<'_>, name: &str, kind: Kind) -> Result<(), Errno> {
    let created = match kind {
        Kind::Directory => mkdirat(parent, name, Mode::from_raw_mode(0o755)),
        Kind::File => {
            let flags =
                OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(parent, name, flags, Mode::from_raw_mode(0o644)).map(drop)
        }
    };
    match created {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Returns a path of an open file, for calls that take no descriptor.
pub fn path_of(descriptor: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", descriptor.as_raw_fd())
}

/// Opens a path of the caller's own root as the user wrote it.
pub fn open_host(path: &str) -> Result<OwnedFd, Errno> {
    openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
}

/// Opens the root directory of the calling process.
pub fn open_own_root() -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, "/", flags, Mode::empty())
}
