//! Copying the content of a directory.
//!
//! Below the target directory, no symbolic link is followed.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use protocol::failure::Failure;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, fchmod, linkat, mkdirat, mknodat, openat, readlinkat,
    symlinkat,
};
use rustix::io::Errno;
use walk::resolve::deep_directory_beneath;
use walk::{DIRECTORY, DirectoryStack, Entry, Identity, Left, Step, Walk};

use super::copy_file::{Source, clear};
use super::metadata_overrides::MetadataOverrides;
use crate::file_failure::{failed, refused, walk_failed};
use crate::parallel::{Item, Pool, Queue, with_pool};

/// Flags that open a source file, never through a symbolic link, and without waiting for the writer of a FIFO.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// Copies everything below `source` into `target`, except the paths in `skip`. With `replaces`, a directory and another file
/// replace each other; without it, they conflict.
pub fn copy_tree(
    source: BorrowedFd<'_>,
    target: OwnedFd,
    overrides: &MetadataOverrides,
    skip: &HashSet<Cow<'_, [u8]>>,
    replaces: bool,
) -> Result<(), Failure> {
    let copy_batch = |batch: Batch| {
        batch
            .iter()
            .try_for_each(|file| file.copy(overrides, replaces))
    };
    with_pool(copy_batch, |pool| {
        let targets = DirectoryStack::new(target);
        let mut copy = TreeCopy {
            top: Arc::clone(targets.current()),
            targets,
            linked: HashMap::new(),
            overrides,
            replaces,
            pool,
            batch: Batch::default(),
            directories: 0,
            finished: Vec::new(),
            queue: Queue::default(),
        };
        let mut walk = Walk::sorted(source).map_err(walk_failed)?;
        while let Some(step) = walk.step().map_err(walk_failed)? {
            let path = String::from_utf8_lossy(walk.path()).into_owned();
            match step {
                Step::Entry(_) if skip.contains(walk.path()) => {}
                Step::Entry(entry) if entry.kind() == FileType::Directory => {
                    if walk.enter(&entry).map_err(walk_failed)?.is_some() {
                        copy.enter_directory(&entry, &path)?;
                    }
                }
                Step::Entry(entry) => copy.copy_entry(entry, walk.path(), path)?,
                Step::Left(left) => copy.leave_directory(left, path)?,
            }
        }
        copy.submit();
        copy.settle(0)
    })
}

/// Maximum number of files, and of directories with files, that a thread copies at once.
const BATCH_FILES: usize = 32;
const BATCH_DIRECTORIES: usize = 4;

type Batch = Vec<File>;

/// A regular file to copy.
struct File {
    entry: Entry,
    target: Arc<OwnedFd>,
    /// Path for messages.
    shown: String,
}

impl File {
    fn copy(&self, overrides: &MetadataOverrides, replaces: bool) -> Result<(), Failure> {
        let Entry {
            parent,
            name,
            status,
        } = &self.entry;
        let file = openat(parent, name, READ, Mode::empty())
            .map_err(|errno| refused(&self.shown, errno))?;
        let source = Source {
            file,
            status,
            overrides,
            replaces,
        };
        source.copy_into(self.target.as_fd(), name, &self.shown)
    }
}

/// A directory whose metadata is set after its files are copied.
struct Finished {
    left: Left,
    target: Arc<OwnedFd>,
    shown: String,
}

/// The copy of one directory's content. Threads copy the regular files.
struct TreeCopy<'a, 'scope, 'env> {
    top: Arc<OwnedFd>,
    targets: DirectoryStack,
    /// Path of the first copy of each file with several links.
    linked: HashMap<Identity, Vec<u8>>,
    overrides: &'a MetadataOverrides,
    replaces: bool,
    pool: &'a mut Pool<'scope, 'env, Batch, Result<(), Failure>>,
    /// Files for the next job, and the number of their directories.
    batch: Batch,
    directories: usize,
    /// Directories whose last files are in the next job or in an earlier one.
    finished: Vec<Finished>,
    queue: Queue<Finished, Result<(), Failure>>,
}

impl TreeCopy<'_, '_, '_> {
    /// Opens the target of a directory, and creates it if necessary.
    fn enter_directory(&mut self, entry: &Entry, path: &str) -> Result<(), Failure> {
        let at_path = |errno| refused(path, errno);
        let parent = self.targets.current();
        // Other users cannot enter it while it is filled.
        match mkdirat(parent, &entry.name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(at_path(errno)),
        }
        let open = || openat(parent, &entry.name, DIRECTORY, Mode::empty());
        let target = match open() {
            Err(Errno::NOTDIR | Errno::LOOP) if self.replaces => {
                clear(parent.as_fd(), &entry.name, path, false)?;
                mkdirat(parent, &entry.name, Mode::RWXU)
                    .and_then(|()| open())
                    .map_err(at_path)?
            }
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let reason = "cannot copy to non-directory";
                return Err(failed(path, reason, Some(Errno::NOTDIR)));
            }
            opened => opened.map_err(at_path)?,
        };
        self.targets.push(target).map_err(at_path)
    }

    /// Sets the metadata of a directory, because adding entries changed the directory's time. An existing directory
    /// below the top gets the metadata of its source as well.
    fn leave_directory(&mut self, left: Left, shown: String) -> Result<(), Failure> {
        let target = self.targets.pop().map_err(|errno| refused(&shown, errno))?;
        if let Some(target) = target {
            self.finished.push(Finished {
                left,
                target,
                shown,
            });
        }
        if self.finished.len() < BATCH_DIRECTORIES {
            return Ok(());
        }
        self.submit();
        self.settle(self.pool.depth())
    }

    /// Gives the collected files to a thread.
    fn submit(&mut self) {
        if !self.batch.is_empty() {
            let batch = std::mem::take(&mut self.batch);
            self.queue.push(Item::Pending(self.pool.submit(batch)));
            self.directories = 0;
        }
        for finished in self.finished.drain(..) {
            self.queue.push(Item::Ready(finished));
        }
    }

    /// Waits until at most a number of jobs is left; finishes the directories whose files are copied.
    fn settle(&mut self, most: usize) -> Result<(), Failure> {
        while let Some(item) = self.queue.take(most) {
            match item {
                Item::Pending(copied) => copied.wait()?,
                Item::Ready(Finished {
                    left,
                    target,
                    shown,
                }) => self
                    .overrides
                    .apply_to_directory(&target, &left.directory, &left.entry.status)
                    .map_err(|errno| refused(&shown, errno))?,
            }
        }
        Ok(())
    }

    /// Copies a file that is not a directory. `shown` is its path in messages.
    fn copy_entry(&mut self, entry: Entry, path: &[u8], shown: String) -> Result<(), Failure> {
        if entry.kind() == FileType::RegularFile {
            return self.regular_file(entry, path, shown);
        }
        self.copy_special(&entry, &shown)
    }

    fn copy_special(&mut self, entry: &Entry, shown: &str) -> Result<(), Failure> {
        let at_path = |errno| refused(shown, errno);
        let target = self.targets.current().as_fd();
        match entry.kind() {
            FileType::Symlink => {
                let link = readlinkat(&entry.parent, &entry.name, Vec::new()).map_err(at_path)?;
                clear(target, &entry.name, shown, self.replaces)?;
                symlinkat(&link, target, &entry.name).map_err(at_path)?;
            }
            FileType::Fifo => {
                clear(target, &entry.name, shown, self.replaces)?;
                let mode = Mode::RUSR | Mode::WUSR;
                mknodat(target, &entry.name, FileType::Fifo, mode, 0).map_err(at_path)?;
            }
            // A socket has no meaning without its process.
            FileType::Socket => return Ok(()),
            _ => {
                let reason = "a device cannot be copied";
                return Err(failed(shown, reason, Some(Errno::PERM)));
            }
        }
        self.overrides
            .apply_to_link(self.targets.current(), &entry.name, &entry.status)
            .map_err(at_path)?;
        if entry.kind() == FileType::Fifo {
            let mode = Mode::from_raw_mode(self.overrides.mode_of(&entry.status));
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(target, &entry.name, flags, Mode::empty())
                .and_then(|fifo| fchmod(fifo, mode))
                .map_err(at_path)?;
        }
        Ok(())
    }

    /// Copies a regular file. If the file has several links, only the first is copied; the others become links to that
    /// copy.
    fn regular_file(&mut self, entry: Entry, path: &[u8], shown: String) -> Result<(), Failure> {
        let target = Arc::clone(self.targets.current());
        let links = entry.status.st_nlink > 1;
        if links && let Some(first) = self.linked.get(&entry.identity()) {
            clear(target.as_fd(), &entry.name, &shown, self.replaces)?;
            return self
                .link(first, &entry)
                .map_err(|errno| refused(&shown, errno));
        }
        let file = File {
            entry,
            target,
            shown,
        };
        if links {
            // Its copy must exist before the next link to it.
            self.linked.insert(file.entry.identity(), path.to_vec());
            return file.copy(self.overrides, self.replaces);
        }
        let last = self.batch.last().map(|file| &file.target);
        if last.is_none_or(|last| !Arc::ptr_eq(last, &file.target)) {
            self.directories += 1;
        }
        self.batch.push(file);
        if self.batch.len() == BATCH_FILES || self.directories == BATCH_DIRECTORIES {
            self.submit();
            return self.settle(self.pool.depth());
        }
        Ok(())
    }

    fn link(&self, first: &[u8], entry: &Entry) -> Result<(), Errno> {
        let start = first.iter().rposition(|byte| *byte == b'/');
        let (parent, name) = match start {
            Some(slash) => (&first[..slash], &first[slash + 1..]),
            None => (&first[..0], first),
        };
        let directory = deep_directory_beneath(self.top.as_fd(), parent)?;
        let target = self.targets.current();
        linkat(&directory, name, target, &entry.name, AtFlags::empty())
    }
}
