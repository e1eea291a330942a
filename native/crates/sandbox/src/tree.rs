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

/// Opens the place for a mount, making what is missing of it: directories 0755, an empty file.
pub fn ensure(root: BorrowedFd<'_>, path: &str, kind: Kind) -> Result<OwnedFd, Errno> {
    match open(root, path, OFlags::PATH) {
        Err(Errno::NOENT) => {}
        found => return found,
    }
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    let mut done = String::new();
    for (index, part) in parts.iter().enumerate() {
        let parent = open(
            root,
            if done.is_empty() { "." } else { &done },
            OFlags::PATH | OFlags::DIRECTORY,
        )?;
        if *part != ".." {
            make(
                parent.as_fd(),
                part,
                if index + 1 == parts.len() {
                    kind
                } else {
                    Kind::Directory
                },
            )?;
        }
        done.push('/');
        done.push_str(part);
    }
    open(root, path, OFlags::PATH)
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
