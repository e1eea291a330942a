//! Adding up the sizes of trees.

use std::collections::HashSet;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, FileType, Stat, statat};
use rustix::io::Errno;
use walk::{Identity, Step, Walk, WalkError, identity};

use crate::quote::quote;

/// A failed system call on an entry of the tree.
#[derive(Debug, thiserror::Error)]
#[error("measuring {}", quote(.path))]
pub struct MeasureError {
    path: Vec<u8>,
    #[source]
    errno: Errno,
}

impl From<WalkError> for MeasureError {
    fn from(WalkError { path, errno }: WalkError) -> Self {
        Self { path, errno }
    }
}

/// Sums over a tree, each inode once.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Bytes allocated on the disk.
    pub allocated: u64,
    pub inodes: u64,
    /// Lengths of the regular files, in bytes.
    pub content: u64,
}

/// Measures the file or tree at `name` in `parent`. The result is zero if it does not exist.
pub fn measure_tree(parent: BorrowedFd<'_>, name: &[u8]) -> Result<Totals, MeasureError> {
    let failed = |errno| MeasureError {
        path: name.to_vec(),
        errno,
    };
    let status = match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(status) => status,
        Err(Errno::NOENT) => return Ok(Totals::default()),
        Err(errno) => return Err(failed(errno)),
    };
    let mut sums = Sums::default();
    sums.add(&status);
    if FileType::from_raw_mode(status.st_mode).is_dir() {
        match walk::resolve::directory_beneath(parent, name) {
            Ok(top) => sums.add_below(top.as_fd())?,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    Ok(sums.totals)
}

#[derive(Default)]
struct Sums {
    totals: Totals,
    /// Files with several links that are already part of the sums.
    linked: HashSet<Identity>,
}

impl Sums {
    fn add_below(&mut self, top: BorrowedFd<'_>) -> Result<(), MeasureError> {
        let mut walk = Walk::unsorted(top)?;
        while let Some(step) = walk.step()? {
            if let Step::Entry(entry) = step {
                self.add(&entry.status);
                if entry.kind() == FileType::Directory {
                    walk.enter(&entry)?;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, status: &Stat) {
        let kind = FileType::from_raw_mode(status.st_mode);
        let has_links = kind != FileType::Directory && status.st_nlink > 1;
        if has_links && !self.linked.insert(identity(status)) {
            return;
        }
        self.totals.inodes += 1;
        self.totals.allocated += status.st_blocks.unsigned_abs() * 512;
        if kind == FileType::RegularFile {
            self.totals.content += status.st_size.unsigned_abs();
        }
    }
}
