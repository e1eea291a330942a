//! Visiting every entry of a tree.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, Stat, openat, statat};
use rustix::io::Errno;

use crate::directory::{DIRECTORY, Identity, identity, read_batch};
use crate::stack::DirectoryStack;

/// A walk over a tree, without recursion. The caller decides at each directory whether to [`enter`](Self::enter) it.
///
/// The tree may change during the walk. An entry that disappears is skipped. A directory that is replaced by something
/// else is not entered. Symbolic links are entries and are never followed.
#[derive(Debug)]
pub struct Walk {
    stack: DirectoryStack,
    /// One for each directory of the stack.
    levels: Vec<Level>,
    sorted: bool,
    path: Vec<u8>,
}

/// One step of a walk.
#[derive(Debug)]
pub enum Step {
    /// An entry of the current directory.
    Entry(Entry),
    /// All entries of a directory that was entered are visited, and the walk is back in its parent.
    Left(Left),
}

/// A name in a directory, and the status of the file at the time of the visit.
#[derive(Debug, Clone)]
pub struct Entry {
    pub parent: Arc<OwnedFd>,
    pub name: CString,
    pub status: Stat,
}

/// A directory that the walk returned from.
#[derive(Debug)]
pub struct Left {
    pub directory: Arc<OwnedFd>,
    /// The entry of the directory in its parent, with the status from before it was entered.
    pub entry: Entry,
}

/// A failed system call at a path of the tree.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", String::from_utf8_lossy(.path), reason(*.errno))]
pub struct WalkError {
    /// Path below the top of the tree; empty for the top.
    pub path: Vec<u8>,
    /// `ESTALE` if a directory was moved during the walk.
    pub errno: Errno,
}

/// The names of a directory that are still to be visited.
#[derive(Debug)]
struct Level {
    /// The next one is last.
    names: Vec<CString>,
    complete: bool,
    path_length: usize,
    /// Name and status of the directory in its parent; `None` for the top.
    directory: Option<(CString, Stat)>,
}

impl Walk {
    /// Walks the tree below `top` and visits the entries of each directory by name.
    pub fn sorted(top: BorrowedFd<'_>) -> Result<Self, WalkError> {
        Self::new(top, true)
    }

    /// Walks the tree below `top` and visits the entries of each directory as the file system lists them. Such a walk
    /// holds fewer names in memory than a sorted walk.
    pub fn unsorted(top: BorrowedFd<'_>) -> Result<Self, WalkError> {
        Self::new(top, false)
    }

    fn new(top: BorrowedFd<'_>, sorted: bool) -> Result<Self, WalkError> {
        let path = Vec::new();
        // The caller's descriptor may be anywhere in its list of entries.
        match openat(top, c".", DIRECTORY, Mode::empty()) {
            Ok(top) => Ok(Self {
                stack: DirectoryStack::new(top),
                levels: vec![Level::new(0, None)],
                sorted,
                path,
            }),
            Err(errno) => Err(WalkError { path, errno }),
        }
    }

    /// Returns the next step, or `None` when the whole tree is visited.
    pub fn step(&mut self) -> Result<Option<Step>, WalkError> {
        while let Some(level) = self.levels.last_mut() {
            self.path.truncate(level.path_length);
            let directory = self.stack.current();
            let name = match level.next_name(directory.as_fd(), self.sorted) {
                Ok(Some(name)) => name,
                Ok(None) => {
                    if let Some(left) = self.leave()? {
                        return Ok(Some(Step::Left(left)));
                    }
                    continue;
                }
                Err(errno) => return Err(self.failed(errno)),
            };
            if level.path_length > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(name.to_bytes());
            match statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(status) => {
                    let parent = Arc::clone(directory);
                    return Ok(Some(Step::Entry(Entry {
                        parent,
                        name,
                        status,
                    })));
                }
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(self.failed(errno)),
            }
        }
        Ok(None)
    }

    /// Returns the path below the top of the entry or directory that the last step is about.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// Opens the directory of the last step's entry, whose entries are visited next. Returns `None` if it is not a
    /// directory, or not any more.
    pub fn enter(&mut self, entry: &Entry) -> Result<Option<Arc<OwnedFd>>, WalkError> {
        match entry.open_directory().map_err(|errno| self.failed(errno))? {
            Some(directory) => self.enter_opened(entry, directory).map(Some),
            None => Ok(None),
        }
    }

    /// Enters the directory of the last step's entry like [`enter`](Self::enter). `directory` is the result of
    /// [`Entry::open_directory`].
    pub fn enter_opened(
        &mut self,
        entry: &Entry,
        directory: OwnedFd,
    ) -> Result<Arc<OwnedFd>, WalkError> {
        self.push(directory).map_err(|errno| self.failed(errno))?;
        let origin = (entry.name.clone(), entry.status);
        self.levels.push(Level::new(self.path.len(), Some(origin)));
        Ok(Arc::clone(self.stack.current()))
    }

    fn push(&mut self, directory: OwnedFd) -> Result<(), Errno> {
        if let Some((depth, closing)) = self.stack.next_to_close()
            && let Some(level) = self.levels.get_mut(depth)
        {
            level.read_rest(closing.as_fd(), self.sorted)?;
        }
        self.stack.push(directory)
    }

    fn leave(&mut self) -> Result<Option<Left>, WalkError> {
        let left = self.stack.pop().map_err(|errno| self.failed(errno))?;
        let origin = self.levels.pop().and_then(|level| level.directory);
        Ok(left.zip(origin).map(|(directory, (name, status))| Left {
            directory,
            entry: Entry {
                parent: Arc::clone(self.stack.current()),
                name,
                status,
            },
        }))
    }

    fn failed(&self, errno: Errno) -> WalkError {
        WalkError {
            path: self.path.clone(),
            errno,
        }
    }
}

impl Level {
    fn new(path_length: usize, directory: Option<(CString, Stat)>) -> Self {
        Self {
            names: Vec::new(),
            complete: false,
            path_length,
            directory,
        }
    }

    fn next_name(
        &mut self,
        directory: BorrowedFd<'_>,
        sorted: bool,
    ) -> Result<Option<CString>, Errno> {
        if self.names.is_empty() && !self.complete {
            self.read(directory, sorted)?;
        }
        Ok(self.names.pop())
    }

    /// Reads the names that are left, because the directory is about to be closed.
    fn read_rest(&mut self, directory: BorrowedFd<'_>, sorted: bool) -> Result<(), Errno> {
        while !self.complete {
            self.read(directory, sorted)?;
        }
        Ok(())
    }

    fn read(&mut self, directory: BorrowedFd<'_>, sorted: bool) -> Result<(), Errno> {
        loop {
            let batch = match read_batch(directory) {
                // The directory itself was removed.
                Err(Errno::NOENT) => Vec::new(),
                result => result?,
            };
            self.complete = batch.is_empty();
            self.names.extend(batch.into_iter().map(|(name, _)| name));
            if self.complete || !sorted {
                break;
            }
        }
        if sorted {
            self.names.sort_unstable_by(|one, other| other.cmp(one));
        }
        Ok(())
    }
}

impl Entry {
    pub fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.status.st_mode)
    }

    pub fn identity(&self) -> Identity {
        identity(&self.status)
    }

    /// Opens the directory for reading. Returns `None` if it is not a directory, or not any more.
    pub fn open_directory(&self) -> Result<Option<OwnedFd>, Errno> {
        match openat(&self.parent, &self.name, DIRECTORY, Mode::empty()) {
            Ok(directory) => Ok(Some(directory)),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(errno) => Err(errno),
        }
    }
}

fn reason(errno: Errno) -> String {
    match errno {
        Errno::STALE => "the directory was moved during the walk".to_owned(),
        errno => errno.to_string(),
    }
}
