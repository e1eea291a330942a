//! The files of a context.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Mutex;

use rustix::fs::{FileType, Stat};

/// The kind of an entry. Its text is part of the digests of trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    Link,
    Other,
}

/// Numbers of a file's status that change with its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, u64),
    /// Time of the last change of content or metadata.
    changed: (i64, u64),
}

#[derive(Debug)]
pub struct Entry {
    start: usize,
    length: u32,
    pub mode: u32,
    pub stamp: Stamp,
}

/// The digest of a file's content.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub digest: [u8; 32],
    /// Whether a later build may use the digest as long as the stamp is the same.
    pub lasting: bool,
}

/// The entries of a tree, each directory before its entries, sorted by name. Paths have no leading or trailing slash;
/// the top is the empty path.
#[derive(Debug, Default)]
pub struct Listing {
    paths: Vec<u8>,
    entries: Vec<Entry>,
    /// Targets of the links by index.
    targets: HashMap<usize, Vec<u8>>,
    /// Existing but excluded paths.
    ignored: Vec<Vec<u8>>,
    /// Digests of the files, as far as they are known.
    pub(crate) known: Mutex<Vec<Option<Known>>>,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Link => "link",
            Self::Other => "other",
        }
    }
}

impl Stamp {
    pub fn of(status: &Stat) -> Self {
        Self {
            inode: status.st_ino,
            size: status.st_size.unsigned_abs(),
            modified: (status.st_mtime, status.st_mtime_nsec),
            changed: (status.st_ctime, status.st_ctime_nsec),
        }
    }

    /// Returns the time of the last change in seconds and nanoseconds since the epoch.
    pub fn changed(&self) -> (i64, u64) {
        self.changed
    }
}

impl Entry {
    pub fn kind(&self) -> Kind {
        match FileType::from_raw_mode(self.mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        }
    }
}

impl Listing {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn ignored(&self) -> &[Vec<u8>] {
        &self.ignored
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn path(&self, index: usize) -> &[u8] {
        let Some(entry) = self.entries.get(index) else {
            return &[];
        };
        let end = entry.start + entry.length as usize;
        &self.paths[entry.start..end]
    }

    /// Returns the kind of the entry at an index, and the target of a link.
    pub fn describe(&self, index: usize) -> Option<(Kind, Option<&[u8]>)> {
        let entry = self.entries.get(index)?;
        Some((entry.kind(), self.targets.get(&index).map(Vec::as_slice)))
    }

    /// Returns the index of a path.
    pub fn find(&self, path: &[u8]) -> Option<usize> {
        let found = self
            .entries
            .binary_search_by(|entry| in_tree_order(self.path_of(entry), path));
        found.ok()
    }

    /// Returns the indexes of the entries below a directory.
    pub fn below(&self, directory: usize) -> std::ops::Range<usize> {
        let path = self.path(directory);
        let first = directory + 1;
        let rest = self.entries.get(first..).unwrap_or_default();
        let count = rest.partition_point(|entry| is_below(self.path_of(entry), path));
        first..first + count
    }

    pub(crate) fn push(&mut self, path: &[u8], status: &Stat) {
        self.entries.push(Entry {
            start: self.paths.len(),
            length: u32::try_from(path.len()).unwrap_or(u32::MAX),
            mode: status.st_mode,
            stamp: Stamp::of(status),
        });
        self.paths.extend_from_slice(path);
    }

    /// Sets the target of the last entry, a link.
    pub(crate) fn set_target(&mut self, target: Vec<u8>) {
        self.targets.insert(self.entries.len() - 1, target);
    }

    pub(crate) fn ignore(&mut self, path: &[u8]) {
        self.ignored.push(path.to_vec());
    }

    /// Removes the entries from an index on and the ignored paths from another, and ignores `path` instead.
    pub(crate) fn ignore_from(&mut self, entry: usize, ignored: usize, path: &[u8]) {
        if let Some(first) = self.entries.get(entry) {
            self.paths.truncate(first.start);
        }
        self.entries.truncate(entry);
        self.targets.retain(|index, _| *index < entry);
        self.ignored.truncate(ignored);
        self.ignore(path);
    }

    /// Takes over the lasting digests of an earlier listing for the files that are the same.
    pub(crate) fn finish(&mut self, earlier: Option<&Self>) {
        self.paths.shrink_to_fit();
        self.entries.shrink_to_fit();
        let mut known = vec![None; self.entries.len()];
        if let Some(earlier) = earlier {
            let before = lock(&earlier.known);
            let mut others = 0;
            // Both lists have the same order.
            for (index, entry) in self.entries.iter().enumerate() {
                let path = self.path_of(entry);
                while others < earlier.len()
                    && in_tree_order(earlier.path(others), path) == Ordering::Less
                {
                    others += 1;
                }
                let same = earlier.path(others) == path
                    && earlier
                        .entries
                        .get(others)
                        .is_some_and(|other| other.stamp == entry.stamp);
                if same {
                    let digest = before.get(others).copied().flatten();
                    known[index] = digest.filter(|known: &Known| known.lasting);
                }
            }
        }
        self.known = Mutex::new(known);
    }

    fn path_of(&self, entry: &Entry) -> &[u8] {
        &self.paths[entry.start..entry.start + entry.length as usize]
    }
}

/// Locks a mutex whose content is valid at any time.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Compares paths so that everything below a directory follows it at once: a slash is less than any other byte.
fn in_tree_order(one: &[u8], other: &[u8]) -> Ordering {
    let key = |byte: &u8| if *byte == b'/' { 0 } else { *byte };
    one.iter().map(key).cmp(other.iter().map(key))
}

fn is_below(path: &[u8], directory: &[u8]) -> bool {
    if directory.is_empty() {
        return true;
    }
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.first() == Some(&b'/'))
}
