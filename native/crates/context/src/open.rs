//! Opening the files of a tree.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags, Stat, chmod, fstat, open, openat};
use rustix::io::Errno;
use rustix::process::getuid;
use walk::resolve::deep_directory_beneath;

/// Flags that open a file for reading, never through a symbolic link, and without waiting for the writer of a FIFO.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// A directory with the files of a context.
#[derive(Debug)]
pub struct Tree {
    root: OwnedFd,
    /// Whether no other program can change the tree. A file that its owner cannot read, because of the mode in an
    /// archive, is then made readable while it is opened.
    owned: bool,
}

impl Tree {
    pub fn new(root: OwnedFd, owned: bool) -> Self {
        Self { root, owned }
    }

    pub fn root(&self) -> &OwnedFd {
        &self.root
    }
}

/// Opens files one after the other; keeps the directory of the last one open.
pub struct Opener<'t> {
    tree: &'t Tree,
    directory: Option<(Vec<u8>, OwnedFd)>,
}

impl<'t> Opener<'t> {
    pub fn new(tree: &'t Tree) -> Self {
        Self {
            tree,
            directory: None,
        }
    }

    pub fn open(&mut self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let (parent, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&path[..0], path),
        };
        let name = CString::new(name).map_err(|_| Errno::INVAL)?;
        let directory = match self.directory.take() {
            Some((known, directory)) if known == parent => directory,
            _ => deep_directory_beneath(self.tree.root.as_fd(), parent)?,
        };
        let (_, directory) = self.directory.insert((parent.to_vec(), directory));
        match openat(&*directory, &name, READ, Mode::empty()) {
            Err(Errno::ACCESS) if self.tree.owned => open_unreadable(directory, &name),
            opened => opened,
        }
    }
}

/// Opens a regular file of this user despite a mode that forbids reading. Changes the mode through a descriptor.
fn open_unreadable(directory: &OwnedFd, name: &CString) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let reference = openat(directory, name, flags, Mode::empty())?;
    let status: Stat = fstat(&reference)?;
    let regular = FileType::from_raw_mode(status.st_mode).is_file();
    if status.st_uid != getuid().as_raw() || !regular || status.st_mode & 0o400 != 0 {
        return Err(Errno::ACCESS);
    }
    let place = format!(
        "/proc/self/fd/{}",
        std::os::fd::AsRawFd::as_raw_fd(&reference)
    );
    let mode = Mode::from_raw_mode(status.st_mode & 0o7777);
    chmod(&place, mode | Mode::RUSR)?;
    let opened = open(
        &place,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
    );
    chmod(&place, mode)?;
    opened
}
