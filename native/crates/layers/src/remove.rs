//! Deleting trees of any depth, shape and owner, following nothing.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Mode, RawDir, RenameFlags, SeekFrom, openat, renameat_with, seek, unlinkat,
};
use rustix::io::Errno;

use crate::failure::quote;
use crate::store::{DIRECTORY, StoreError, open_parent};

/// Directories open at once. What lies deeper is first moved up into the tree's top directory, so
/// that neither descriptors nor path lengths bound the depth.
const MAX_OPEN: usize = 32;

/// Passes over one directory that somebody else keeps filling.
const MAX_PASSES: usize = 10_000;

#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("removing {}", quote(.name))]
    System {
        name: Vec<u8>,
        #[source]
        errno: Errno,
    },
}

/// Deletes what lies at `path` below the store, if anything does.
pub fn remove(store: BorrowedFd<'_>, path: &str) -> Result<(), RemoveError> {
    match open_parent(store, path)? {
        Some((parent, name)) => tree(parent.as_fd(), name.as_bytes()),
        None => Ok(()),
    }
}

/// Deletes the file or tree at `name` in `parent`, if there is one.
pub fn tree(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), RemoveError> {
    let failed = |errno| RemoveError::System {
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
            Ok(top) => Emptying::new(top).run()?,
            // Swapped for something else since.
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

/// An open directory, and those of its names that were read but not handled.
struct Level {
    directory: OwnedFd,
    name: CString,
    batch: Vec<(CString, FileType)>,
}

struct Emptying {
    levels: Vec<Level>,
    moved: u64,
    /// Since the top directory was last read from its start.
    top_changed: bool,
}

impl Emptying {
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

    /// Deletes all that the top directory holds.
    fn run(mut self) -> Result<(), RemoveError> {
        while let Some(level) = self.levels.last_mut() {
            if let Some((name, kind)) = level.batch.pop() {
                self.entry(name, kind)?;
                continue;
            }
            level.batch = read_batch(level.directory.as_fd()).map_err(|errno| {
                let name = level.name.to_bytes().to_vec();
                RemoveError::System { name, errno }
            })?;
            if level.batch.is_empty() {
                self.leave()?;
            }
        }
        Ok(())
    }

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
            // The type was unknown, or is another now.
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
            // Swapped since: whoever leaves this directory finds it not empty and passes again.
            Err(Errno::NOTDIR | Errno::LOOP | Errno::NOENT) => Ok(()),
            Err(errno) => Err(failed(&name, errno)),
        }
    }

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

    /// Everything read from the deepest open directory is handled.
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
            // Names may be missed while a directory changes: the tree is passed over again.
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(()),
            Err(errno) => Err(failed(&level.name, errno)),
        }
    }
}

fn failed(name: &CStr, errno: Errno) -> RemoveError {
    RemoveError::System {
        name: name.to_bytes().to_vec(),
        errno,
    }
}

/// The next names of a directory, as many as the kernel hands out at once; none at its end.
pub fn read_batch(directory: BorrowedFd<'_>) -> Result<Vec<(CString, FileType)>, Errno> {
    let mut buffer = [MaybeUninit::<u8>::uninit(); 16 * 1024];
    let mut names = RawDir::new(directory, &mut buffer);
    let mut batch = Vec::new();
    loop {
        match names.next() {
            None => return Ok(batch),
            Some(entry) => {
                let entry = entry?;
                if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                    batch.push((entry.file_name().to_owned(), entry.file_type()));
                }
            }
        }
        if names.is_buffer_empty() && !batch.is_empty() {
            return Ok(batch);
        }
    }
}
