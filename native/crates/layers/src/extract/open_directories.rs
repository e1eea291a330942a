//! Open directories of the tree that is being extracted.

use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{AtFlags, Mode, OFlags, Timespec, fstat, openat, unlinkat};
use rustix::io::Errno;
use walk::{DIRECTORY, resolve};

use super::entry_path::is_slash;
use super::problem::{Problem, during};
use crate::metadata::{make_directory, modified, set_defaults, set_modified};
use crate::overlay::{Existing, set_opaque};

/// Maximum number of directories kept open: archives list the content of a directory together, with subdirectories in
/// between.
const MAX_OPEN: usize = 8;

/// Flags that open a directory, also through a symbolic link.
const DIRECTORY_OR_LINK: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// A directory that entries are created in. Closing it restores its modification time, which new entries change.
pub struct Directory {
    fd: OwnedFd,
    path: Vec<u8>,
    modified: Timespec,
    changed: Cell<bool>,
    /// Whether new entries inherit its group.
    pub set_gid: bool,
    /// Whether its path leads through a symbolic link.
    pub through_link: bool,
}

impl Directory {
    /// Returns the directory for creating or removing a name in it.
    pub fn change(&self) -> BorrowedFd<'_> {
        self.changed.set(true);
        self.fd.as_fd()
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    fn close(&self) -> Result<(), Problem> {
        if self.changed.get() {
            set_modified(self.fd(), self.modified)
                .map_err(during("restoring the time of its directory"))?;
        }
        Ok(())
    }
}

/// Treatment of symbolic links in a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Follow them inside the root.
    Follow,
    /// End the search at a symbolic link, as at any file that is not a directory.
    Refuse,
}

/// A cache of open directories.
pub struct OpenDirectories<'r> {
    root: BorrowedFd<'r>,
    /// The most recently used one is last. A directory that was reached through a symbolic link is the only one, because
    /// it may be the same directory as another one.
    open: Vec<Rc<Directory>>,
}

impl<'r> OpenDirectories<'r> {
    pub fn new(root: BorrowedFd<'r>) -> Self {
        let open = Vec::new();
        Self { root, open }
    }

    /// Opens the directory at `path`, which is empty for the root, and creates missing directories. Returns `None` only if
    /// links are refused and a link or a file is in the path.
    pub fn get(&mut self, path: &[u8], links: Links) -> Result<Option<Rc<Directory>>, Problem> {
        if let Some(index) = self.open.iter().rposition(|open| open.path == path) {
            let directory = self.open.remove(index);
            self.open.push(Rc::clone(&directory));
            let allowed = links == Links::Follow || !directory.through_link;
            return Ok(allowed.then_some(directory));
        }
        let (fd, through_link) = match self.open_plain(path) {
            Ok(fd) => (fd, false),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
                match self.open_parts(path, links)? {
                    Some(opened) => opened,
                    None => return Ok(None),
                }
            }
            Err(errno) => return Err(during("opening its directory")(errno)),
        };
        if through_link || self.open.iter().any(|open| open.through_link) {
            self.close()?;
        }
        self.insert(fd, path, through_link).map(Some)
    }

    /// Adds a directory that was just created or got its metadata, for the entries in it.
    pub fn insert(
        &mut self,
        fd: OwnedFd,
        path: &[u8],
        through_link: bool,
    ) -> Result<Rc<Directory>, Problem> {
        let status = fstat(&fd).map_err(during("examining its directory"))?;
        let directory = Rc::new(Directory {
            fd,
            path: path.to_vec(),
            modified: modified(&status),
            changed: Cell::new(false),
            set_gid: Mode::from_raw_mode(status.st_mode).contains(Mode::SGID),
            through_link,
        });
        if self.open.len() == MAX_OPEN {
            self.open.remove(0).close()?;
        }
        self.open.push(Rc::clone(&directory));
        Ok(directory)
    }

    /// Closes the directory at `path` before its metadata is set.
    pub fn forget(&mut self, path: &[u8]) -> Result<(), Problem> {
        if self.open.iter().any(|open| open.through_link) {
            return self.close();
        }
        match self.open.iter().position(|open| open.path == path) {
            Some(index) => self.open.remove(index).close(),
            None => Ok(()),
        }
    }

    /// Closes all directories: at the end, and before a directory or link is replaced that may be part of their paths.
    pub fn close(&mut self) -> Result<(), Problem> {
        self.open.drain(..).try_for_each(|open| open.close())
    }

    /// Opens the existing directory at `path`, following symbolic links inside the root.
    pub fn open_existing(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        resolve::in_root(self.root, or_dot(path), DIRECTORY_OR_LINK)
    }

    fn open_plain(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        resolve::in_root_without_links(self.root, or_dot(path), DIRECTORY_OR_LINK)
    }

    /// Opens a path part by part and creates missing directories. Returns the directory and whether a link was followed.
    fn open_parts(&self, path: &[u8], links: Links) -> Result<Option<(OwnedFd, bool)>, Problem> {
        let mut current = self
            .open_plain(b"")
            .map_err(during("opening the layer's root"))?;
        let mut followed = false;
        let mut end = 0;
        for part in path.split(is_slash) {
            end += part.len();
            let so_far = &path[..end];
            end += 1;
            current = match openat(&current, part, DIRECTORY, Mode::empty()) {
                Ok(next) => next,
                Err(Errno::NOENT) => create_implied(current.as_fd(), part, false)?,
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    let existing = Existing::at(current.as_fd(), part)
                        .map_err(during("examining its path"))?;
                    if links == Links::Refuse {
                        return Ok(None);
                    }
                    match existing {
                        Existing::Whiteout => create_implied(current.as_fd(), part, true)?,
                        Existing::Symlink => {
                            followed = true;
                            self.follow(so_far)?
                        }
                        _ => return Err(Problem::NotDirectory(so_far.to_vec())),
                    }
                }
                Err(errno) => return Err(during("opening its directory")(errno)),
            };
        }
        Ok(Some((current, followed)))
    }

    fn follow(&self, path: &[u8]) -> Result<OwnedFd, Problem> {
        self.open_existing(path).map_err(|errno| match errno {
            Errno::NOENT | Errno::LOOP => Problem::Dangling(path.to_vec()),
            Errno::NOTDIR => Problem::NotDirectory(path.to_vec()),
            errno => during("following a symbolic link")(errno),
        })
    }
}

/// Creates a directory that has no entry in the archive. A directory that replaces a whiteout becomes opaque, so that
/// the deleted directory stays hidden.
fn create_implied(parent: BorrowedFd<'_>, name: &[u8], whiteout: bool) -> Result<OwnedFd, Problem> {
    let create = || -> Result<OwnedFd, Errno> {
        let before = fstat(parent)?;
        if whiteout {
            unlinkat(parent, name, AtFlags::empty())?;
        }
        let directory = make_directory(parent, name)?;
        set_defaults(directory.as_fd())?;
        if whiteout {
            set_opaque(directory.as_fd())?;
        }
        set_modified(parent, modified(&before))?;
        Ok(directory)
    };
    create().map_err(during("creating its directory"))
}

fn or_dot(path: &[u8]) -> &[u8] {
    if path.is_empty() { b"." } else { path }
}
