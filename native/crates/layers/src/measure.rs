//! Adding up what trees occupy.

use std::collections::HashSet;
use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use protocol::work::Size;
use rustix::fs::{AtFlags, FileType, Mode, Stat, fstat, openat, statat};
use rustix::io::Errno;

use crate::failure::quote;
use crate::remove::read_batch;
use crate::store::{DIRECTORY, StoreError, open_parent};

/// Directories open at once; those above are opened again by `..` from below.
const MAX_OPEN: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("measuring {}", quote(.name))]
    System {
        name: Vec<u8>,
        #[source]
        errno: Errno,
    },
    #[error("{} was moved while it was measured", quote(.0))]
    Moved(Vec<u8>),
}

/// Sums over a tree, each inode once.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub allocated: u64,
    pub inodes: u64,
    /// Lengths of the regular files.
    pub content: u64,
}

/// What lies at `path` below the store; nothing if nothing does.
pub fn measure(store: BorrowedFd<'_>, path: &str) -> Result<Size, MeasureError> {
    let totals = match open_parent(store, path)? {
        Some((parent, name)) => tree(parent.as_fd(), name.as_bytes())?,
        None => Totals::default(),
    };
    Ok(Size {
        bytes: totals.allocated,
        inodes: totals.inodes,
    })
}

/// The file or tree at `name` in `parent`.
pub fn tree(parent: BorrowedFd<'_>, name: &[u8]) -> Result<Totals, MeasureError> {
    let mut walk = Walk::default();
    let name = CString::new(name).map_err(|_| failed(name, Errno::INVAL))?;
    if let Some(FileType::Directory) = walk.count(parent, &name)? {
        walk.enter(parent, name)?;
        walk.run()?;
    }
    Ok(walk.totals)
}

struct Level {
    /// Closed while the walk is far below.
    directory: Option<Rc<OwnedFd>>,
    identity: (u64, u64),
    name: CString,
    subdirectories: Vec<CString>,
}

#[derive(Default)]
struct Walk {
    totals: Totals,
    levels: Vec<Level>,
    linked: HashSet<(u64, u64)>,
}

impl Walk {
    fn run(&mut self) -> Result<(), MeasureError> {
        while let Some(level) = self.levels.last_mut() {
            let Some(name) = level.subdirectories.pop() else {
                self.leave()?;
                continue;
            };
            if let Some(directory) = level.directory.clone() {
                self.enter(directory.as_fd(), name)?;
            }
            if let Some(far) = self.levels.len().checked_sub(MAX_OPEN) {
                self.levels[far].directory = None;
            }
        }
        Ok(())
    }

    /// Counts what a directory holds and makes it the current level, if it is still there.
    fn enter(&mut self, parent: BorrowedFd<'_>, name: CString) -> Result<(), MeasureError> {
        let directory = match openat(parent, &name, DIRECTORY, Mode::empty()) {
            Ok(directory) => directory,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
            Err(errno) => return Err(failed(name.to_bytes(), errno)),
        };
        let fail = |errno| failed(name.to_bytes(), errno);
        let identity = identity(&fstat(&directory).map_err(fail)?);
        let mut subdirectories = Vec::new();
        loop {
            let batch = read_batch(directory.as_fd()).map_err(fail)?;
            if batch.is_empty() {
                break;
            }
            for (child, _) in batch {
                if let Some(FileType::Directory) = self.count(directory.as_fd(), &child)? {
                    subdirectories.push(child);
                }
            }
        }
        self.levels.push(Level {
            directory: Some(Rc::new(directory)),
            identity,
            name,
            subdirectories,
        });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), MeasureError> {
        let Some(left) = self.levels.pop() else {
            return Ok(());
        };
        let Some(parent) = self.levels.last_mut() else {
            return Ok(());
        };
        if parent.directory.is_none() {
            let fail = |errno| failed(parent.name.to_bytes(), errno);
            let below = left.directory.ok_or_else(|| fail(Errno::BADF))?;
            let directory = openat(&*below, "..", DIRECTORY, Mode::empty()).map_err(fail)?;
            if identity(&fstat(&directory).map_err(fail)?) != parent.identity {
                return Err(MeasureError::Moved(left.name.into_bytes()));
            }
            parent.directory = Some(Rc::new(directory));
        }
        Ok(())
    }

    /// Adds one inode and tells its type; `None` if it is gone.
    fn count(
        &mut self,
        directory: BorrowedFd<'_>,
        name: &CString,
    ) -> Result<Option<FileType>, MeasureError> {
        let stat = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(failed(name.to_bytes(), errno)),
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        let again = kind != FileType::Directory
            && stat.st_nlink > 1
            && !self.linked.insert(identity(&stat));
        if !again {
            self.totals.inodes += 1;
            self.totals.allocated += stat.st_blocks.unsigned_abs() * 512;
            if kind == FileType::RegularFile {
                self.totals.content += stat.st_size.unsigned_abs();
            }
        }
        Ok(Some(kind))
    }
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

fn failed(name: &[u8], errno: Errno) -> MeasureError {
    MeasureError::System {
        name: name.to_vec(),
        errno,
    }
}
