//! Finding and making things below a root that somebody else controls.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2};
use rustix::io::Errno;

/// What a mount covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Directory,
    File,
}

/// Opens `path` as a process with this root would see it; never through a magic link.
pub fn open(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    resolve(
        root,
        path,
        flags,
        ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
    )
}

/// Like [`open`], but a symbolic link anywhere is ELOOP.
pub fn open_plain(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let resolve_flags =
        ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    resolve(root, path, flags, resolve_flags)
}

/// Opens the place for a mount, making what is missing of it: directories 0755, an empty file. A link
/// that leads nowhere yet is followed, as the root's own processes would follow it.
pub fn ensure(root: BorrowedFd<'_>, path: &str, kind: Kind) -> Result<OwnedFd, Errno> {
    ensure_through(root, path, kind, MOST_LINKS)
}

/// As many links as the kernel follows in one path.
const MOST_LINKS: u32 = 40;

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
            make(parent.as_fd(), part, wanted)?;
            if let Some(target) = dangling(root, parent.as_fd(), &done, part)? {
                ensure_through(root, &target, wanted, links - 1)?;
            }
        }
        done.push('/');
        done.push_str(part);
    }
    open(root, path, OFlags::PATH)
}

/// Where a link leads, seen from the root, if nothing is there yet.
fn dangling(
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

/// Makes one entry unless something of that name is there.
pub fn make(parent: BorrowedFd<'_>, name: &str, kind: Kind) -> Result<(), Errno> {
    let made = match kind {
        Kind::Directory => mkdirat(parent, name, Mode::from_raw_mode(0o755)),
        Kind::File => {
            let flags =
                OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(parent, name, flags, Mode::from_raw_mode(0o644)).map(drop)
        }
    };
    match made {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// A path that leads to what the descriptor refers to, for calls that take no descriptor.
pub fn path_of(descriptor: BorrowedFd<'_>) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", descriptor.as_raw_fd())
}

/// Opens a path of the host as the user gave it.
pub fn open_host(path: &str) -> Result<OwnedFd, Errno> {
    openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
}

fn resolve(
    root: BorrowedFd<'_>,
    path: &str,
    flags: OFlags,
    how: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    loop {
        // EAGAIN: something was renamed meanwhile and the kernel cannot tell whether the walk escaped.
        match openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), how) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result,
        }
    }
}
