//! Open directories of the tree that is being unpacked.

use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{
    AtFlags, Mode, OFlags, ResolveFlags, Timespec, Timestamps, XattrFlags, fchmod, fchown,
    fsetxattr, fstat, futimens, mkdirat, openat, openat2, unlinkat,
};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use super::name::is_slash;
use super::{Problem, doing};
use crate::store::{DIRECTORY, Existing, retry};

/// Archives list a directory's content together, with one subdirectory after another in between.
const KEPT: usize = 8;

pub const OPAQUE: &str = "user.overlay.opaque";

/// A directory that entries are created in. When it is closed it gets its modification time back,
/// which the creation of entries has changed.
pub struct Directory {
    fd: OwnedFd,
    path: Vec<u8>,
    modified: Timespec,
    changed: Cell<bool>,
    /// New entries inherit its group.
    pub set_gid: bool,
    /// Whether its path leads through a symbolic link.
    pub through_link: bool,
}

impl Directory {
    /// For creating or removing a name in it.
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
                .map_err(doing("restoring the time of its directory"))?;
        }
        Ok(())
    }
}

/// What a missing or unfit part of a path means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// Symbolic links are followed inside the root.
    Links,
    /// A symbolic link or a file in the way ends the search.
    DirectoriesOnly,
}

pub struct Directories<'r> {
    root: BorrowedFd<'r>,
    /// The last is the most recently used. Two of them may only be one directory if it was reached
    /// through a symbolic link, and that one is then the only one here.
    open: Vec<Rc<Directory>>,
}

impl<'r> Directories<'r> {
    pub fn new(root: BorrowedFd<'r>) -> Self {
        let open = Vec::new();
        Self { root, open }
    }

    /// Opens the directory at `path`, empty for the root, creating it and those above as needed.
    /// `None` only if links are not to be followed and something is in the way.
    pub fn get(&mut self, path: &[u8], through: Through) -> Result<Option<Rc<Directory>>, Problem> {
        if let Some(index) = self.open.iter().rposition(|open| open.path == path) {
            let directory = self.open.remove(index);
            self.open.push(Rc::clone(&directory));
            let fit = through == Through::Links || !directory.through_link;
            return Ok(fit.then_some(directory));
        }
        let (fd, through_link) = match self.open_plain(path) {
            Ok(fd) => (fd, false),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => match self.walk(path, through)? {
                Some(walked) => walked,
                None => return Ok(None),
            },
            Err(errno) => return Err(doing("opening its directory")(errno)),
        };
        if through_link || self.open.iter().any(|open| open.through_link) {
            self.close()?;
        }
        self.keep(fd, path, through_link).map(Some)
    }

    /// Keeps a directory that was just created or given its attributes, for the entries in it.
    pub fn keep(
        &mut self,
        fd: OwnedFd,
        path: &[u8],
        through_link: bool,
    ) -> Result<Rc<Directory>, Problem> {
        let stat = fstat(&fd).map_err(doing("examining its directory"))?;
        let directory = Rc::new(Directory {
            fd,
            path: path.to_vec(),
            modified: Timespec {
                tv_sec: stat.st_mtime,
                tv_nsec: stat.st_mtime_nsec.cast_signed(),
            },
            changed: Cell::new(false),
            set_gid: Mode::from_raw_mode(stat.st_mode).contains(Mode::SGID),
            through_link,
        });
        if self.open.len() == KEPT {
            self.open.remove(0).close()?;
        }
        self.open.push(Rc::clone(&directory));
        Ok(directory)
    }

    /// Closes the directory at `path`, whose attributes are about to be set.
    pub fn forget(&mut self, path: &[u8]) -> Result<(), Problem> {
        if self.open.iter().any(|open| open.through_link) {
            return self.close();
        }
        match self.open.iter().position(|open| open.path == path) {
            Some(index) => self.open.remove(index).close(),
            None => Ok(()),
        }
    }

    /// Closes all: at the end, and when a directory or link is replaced that paths may lead through.
    pub fn close(&mut self) -> Result<(), Problem> {
        self.open.drain(..).try_for_each(|open| open.close())
    }

    /// Opens the existing directory at `path`, following symbolic links inside the root.
    pub fn open_existing(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        self.resolve(path, resolve)
    }

    fn open_plain(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let resolve =
            ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
        self.resolve(path, resolve)
    }

    fn resolve(&self, path: &[u8], resolve: ResolveFlags) -> Result<OwnedFd, Errno> {
        let path = if path.is_empty() { b"." } else { path };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        retry(|| openat2(self.root, path, flags, Mode::empty(), resolve))
    }

    /// Goes down part by part, creating what is missing; also tells whether a link was followed.
    fn walk(&self, path: &[u8], through: Through) -> Result<Option<(OwnedFd, bool)>, Problem> {
        let mut current = self
            .resolve(b"", ResolveFlags::IN_ROOT)
            .map_err(doing("opening the layer's root"))?;
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
                    let existing =
                        Existing::at(current.as_fd(), part).map_err(doing("examining its path"))?;
                    if through == Through::DirectoriesOnly {
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
                Err(errno) => return Err(doing("opening its directory")(errno)),
            };
        }
        Ok(Some((current, followed)))
    }

    fn follow(&self, path: &[u8]) -> Result<OwnedFd, Problem> {
        self.open_existing(path).map_err(|errno| match errno {
            Errno::NOENT | Errno::LOOP => Problem::Dangling(path.to_vec()),
            Errno::NOTDIR => Problem::NotDirectory(path.to_vec()),
            errno => doing("following a symbolic link")(errno),
        })
    }
}

/// Creates a directory that has no entry (yet). In place of a whiteout it still hides what was
/// deleted.
fn create_implied(parent: BorrowedFd<'_>, name: &[u8], whiteout: bool) -> Result<OwnedFd, Problem> {
    let create = |parent| -> Result<OwnedFd, Errno> {
        let before = fstat(parent)?;
        if whiteout {
            unlinkat(parent, name, AtFlags::empty())?;
        }
        let directory = make_directory(parent, name)?;
        describe_implied(directory.as_fd())?;
        if whiteout {
            set_opaque(directory.as_fd())?;
        }
        let modified = Timespec {
            tv_sec: before.st_mtime,
            tv_nsec: before.st_mtime_nsec.cast_signed(),
        };
        set_modified(parent, modified)?;
        Ok(directory)
    };
    create(parent).map_err(doing("creating its directory"))
}

pub const EPOCH: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// Gives a directory what it has without an entry of its own: root's, 0755, and of the epoch, so
/// that unpacking twice gives the same tree.
pub fn describe_implied(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    fchown(directory, Some(Uid::ROOT), Some(Gid::ROOT))?;
    fchmod(directory, Mode::from_raw_mode(0o755))?;
    set_modified(directory, EPOCH)
}

/// A new, private directory.
pub fn make_directory(parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    mkdirat(parent, name, Mode::RWXU)?;
    openat(parent, name, DIRECTORY, Mode::empty())
}

/// Hides what lower layers have in this directory.
pub fn set_opaque(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    fsetxattr(directory, OPAQUE, b"y", XattrFlags::empty())
}

pub fn set_modified(fd: BorrowedFd<'_>, time: Timespec) -> Result<(), Errno> {
    futimens(fd, &timestamps(time))
}

/// Both times alike: the archive seldom knows when a file was last read.
pub fn timestamps(time: Timespec) -> Timestamps {
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
