//! Deleting trees of any depth, shape and owner without following symbolic links.
//!
//! This is not a [`walk::Walk`], because a tree must be deleted completely even if a container moves directories in it
//! meanwhile, and because the type in a directory's list of entries saves one system call for each file.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Mode, RenameFlags, SeekFrom, openat, renameat_with, seek, unlinkat,
};
use rustix::io::Errno;
use walk::{DIRECTORY, read_batch};

use crate::quote::quote;

/// Maximum number of directories open at once. A deeper directory is first moved up into the tree's top, so that
/// neither descriptors nor the length of paths limit the depth.
const MAX_OPEN: usize = 32;

/// Maximum number of passes over a directory that another process keeps filling.
const MAX_PASSES: usize = 10_000;

/// A failed system call on an entry of the tree.
#[derive(Debug, thiserror::Error)]
#[error("removing {}", quote(.name))]
pub struct RemoveError {
    pub name: Vec<u8>,
    #[source]
    pub errno: Errno,
}

/// Deletes the file or tree at `name` in `parent`, if it exists.
pub fn remove_tree(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), RemoveError> {
    let failed = |errno| RemoveError {
        name: name.to_vec(),
        errno,
    };
    let name = CString::new(name).map_err(|_| failed(Errno::INVAL))?;
    for _ in 0..MAX_PASSES {
        match unlinkat(parent, &name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            Err(Errno::ISDIR) => {}
            Err(errno) => return Err(failed(errno)),
        }
        match openat(parent, &name, DIRECTORY, Mode::empty()) {
            Ok(top) => Removal::new(top).run()?,
            // Another process replaced it.
            Err(Errno::NOTDIR | Errno::LOOP | Errno::NOENT) => continue,
            Err(errno) => return Err(failed(errno)),
        }
        match unlinkat(parent, &name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    Err(failed(Errno::NOTEMPTY))
}

/// Deletes everything in the directory at `name` in `parent`.
pub fn empty_tree(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), RemoveError> {
    let failed = |errno| RemoveError {
        name: name.to_vec(),
        errno,
    };
    let top = openat(parent, name, DIRECTORY, Mode::empty()).map_err(failed)?;
    Removal::new(top).run()
}

/// An open directory, and the entries that were read from it and still exist.
struct Level {
    directory: OwnedFd,
    name: CString,
    batch: Vec<(CString, FileType)>,
}

/// The removal of everything below a directory.
struct Removal {
    levels: Vec<Level>,
    /// Number of directories that were moved to the top.
    moved: u64,
    /// Whether directories were moved to the top since it was last read from its start.
    top_changed: bool,
}

impl Removal {
    fn new(top: OwnedFd) -> Self {
        let level = Level {
            directory: top,
            name: CString::default(),
            batch: Vec::new(),
        };
        Self {
            levels: vec![level],
            moved: 0,
            top_changed: false,
        }
    }

    /// Deletes everything in the top directory.
    fn run(mut self) -> Result<(), RemoveError> {
        while let Some(level) = self.levels.last_mut() {
            if let Some((name, kind)) = level.batch.pop() {
                self.entry(name, kind)?;
                continue;
            }
            level.batch = read_batch(level.directory.as_fd()).map_err(|errno| {
                let name = level.name.to_bytes().to_vec();
                RemoveError { name, errno }
            })?;
            if level.batch.is_empty() {
                self.leave()?;
            }
        }
        Ok(())
    }

    /// Deletes an entry, or opens a directory that is not empty.
    fn entry(&mut self, name: CString, kind: FileType) -> Result<(), RemoveError> {
        let Some(level) = self.levels.last() else {
            return Ok(());
        };
        let directory = level.directory.as_fd();
        let first = match kind {
            FileType::Directory => AtFlags::REMOVEDIR,
            _ => AtFlags::empty(),
        };
        let mut result = unlinkat(directory, &name, first);
        if matches!(result, Err(Errno::ISDIR | Errno::NOTDIR)) {
            // The type was unknown, or it has changed.
            result = unlinkat(directory, &name, first ^ AtFlags::REMOVEDIR);
        }
        match result {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::NOTEMPTY | Errno::EXIST) => self.descend(name),
            Err(errno) => Err(failed(&name, errno)),
        }
    }

    fn descend(&mut self, name: CString) -> Result<(), RemoveError> {
        if self.levels.len() >= MAX_OPEN {
            return self.move_up(&name);
        }
        let Some(level) = self.levels.last() else {
            return Ok(());
        };
        match openat(&level.directory, &name, DIRECTORY, Mode::empty()) {
            Ok(directory) => {
                self.levels.push(Level {
                    directory,
                    name,
                    batch: Vec::new(),
                });
                Ok(())
            }
            // Another process replaced it: the parent will not be empty, and the next pass deletes it.
            Err(Errno::NOTDIR | Errno::LOOP | Errno::NOENT) => Ok(()),
            Err(errno) => Err(failed(&name, errno)),
        }
    }

    /// Moves a directory to the top, where it is deleted later.
    fn move_up(&mut self, name: &CStr) -> Result<(), RemoveError> {
        let (Some(top), Some(level)) = (self.levels.first(), self.levels.last()) else {
            return Ok(());
        };
        self.top_changed = true;
        loop {
            self.moved += 1;
            let fresh = format!(".removing-{}", self.moved);
            match renameat_with(
                &level.directory,
                name,
                &top.directory,
                fresh,
                RenameFlags::NOREPLACE,
            ) {
                Ok(()) | Err(Errno::NOENT) => return Ok(()),
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(failed(name, errno)),
            }
        }
    }

    /// Returns from the deepest open directory and deletes it.
    fn leave(&mut self) -> Result<(), RemoveError> {
        let Some(level) = self.levels.pop() else {
            return Ok(());
        };
        let Some(parent) = self.levels.last() else {
            if self.top_changed {
                self.top_changed = false;
                seek(&level.directory, SeekFrom::Start(0))
                    .map_err(|errno| failed(&level.name, errno))?;
                self.levels.push(level);
            }
            return Ok(());
        };
        match unlinkat(&parent.directory, &level.name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            // The kernel may omit names while a directory changes: the next pass deletes them.
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(()),
            Err(errno) => Err(failed(&level.name, errno)),
        }
    }
}

fn failed(name: &CStr, errno: Errno) -> RemoveError {
    RemoveError {
        name: name.to_bytes().to_vec(),
        errno,
    }
}
