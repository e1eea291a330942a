//! Opening paths below a root.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use rustix::path::Arg;

use crate::directory::DIRECTORY;

/// Longest path that one call resolves: the kernel's `PATH_MAX` without its NUL.
const MAX_PATH: usize = 4095;

/// Attempts at a call that the kernel asks to repeat.
const MAX_ATTEMPTS: usize = 1000;

/// Opens `path` as a process with this root sees it: symbolic links are followed inside the root, magic links are not.
pub fn in_root(
    root: BorrowedFd<'_>,
    path: impl Arg + Copy,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    let how = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    open(root, path, flags, how)
}

/// Opens `path` like [`in_root`], but fails with `ELOOP` at any symbolic link.
pub fn in_root_without_links(
    root: BorrowedFd<'_>,
    path: impl Arg + Copy,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    let how = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    open(root, path, flags, how)
}

/// Opens `path` like [`in_root_without_links`], but fails with `EXDEV` at any mount below the root.
pub fn on_mount_of_root(
    root: BorrowedFd<'_>,
    path: impl Arg + Copy,
    flags: OFlags,
) -> Result<OwnedFd, Errno> {
    let how = ResolveFlags::IN_ROOT
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_XDEV;
    open(root, path, flags, how)
}

/// Opens the directory at a relative path for reading. Fails with `ELOOP` at any symbolic link and with `EXDEV` at a
/// path that leads out of the root.
pub fn directory_beneath(root: BorrowedFd<'_>, path: impl Arg + Copy) -> Result<OwnedFd, Errno> {
    let how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    open(root, path, DIRECTORY, how)
}

/// Opens a directory like [`directory_beneath`]; the path may be longer than `PATH_MAX`, and empty for the root.
pub fn deep_directory_beneath(root: BorrowedFd<'_>, path: &[u8]) -> Result<OwnedFd, Errno> {
    let (first, rest) = split(path);
    let mut directory = directory_beneath(root, if first.is_empty() { b"." } else { first })?;
    let mut rest = rest;
    while !rest.is_empty() {
        let (next, after) = split(rest);
        directory = directory_beneath(directory.as_fd(), next)?;
        rest = after;
    }
    Ok(directory)
}

/// Splits a path after as many parts as one call can resolve.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    if path.len() <= MAX_PATH {
        return (path, &[]);
    }
    match path[..MAX_PATH].iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        // A part this long exists nowhere: the call fails with ENAMETOOLONG.
        None => (path, &[]),
    }
}

fn open(
    root: BorrowedFd<'_>,
    path: impl Arg + Copy,
    flags: OFlags,
    how: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let call = || openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), how);
    // `openat2` fails with EAGAIN when something is renamed meanwhile anywhere on the machine, because it cannot tell
    // then whether the path left the root.
    for _ in 1..MAX_ATTEMPTS {
        match call() {
            Err(Errno::AGAIN | Errno::INTR) => std::thread::yield_now(),
            result => return result,
        }
    }
    call()
}
