//! Listing a tree.

use std::os::fd::AsFd;

use protocol::file_name;
use rustix::fs::{FileType, readlinkat};
use rustix::io::Errno;
use walk::{Entry, Step, Walk, WalkError};

use crate::error::ContextError;
use crate::listing::Listing;
use crate::open::Tree;
use crate::pattern::{Patterns, Rule, State};

/// A directory that is being listed.
struct Level {
    state: State,
    /// Whether the patterns exclude the directory itself.
    ignored: bool,
    /// Whether it contains an included file.
    filled: bool,
    /// Numbers of entries and of ignored paths before the directory.
    before: (usize, usize),
}

/// Lists a tree without the excluded files. Links are not followed. Digests of `earlier`, a listing of the same tree, are
/// taken over for the files that have not changed.
pub fn scan(
    tree: &Tree,
    rules: &[Rule],
    earlier: Option<&Listing>,
) -> Result<Listing, ContextError> {
    let mut scan = Scan {
        patterns: Patterns::new(rules),
        listing: Listing::default(),
        levels: Vec::new(),
    };
    let status = rustix::fs::fstat(tree.root()).map_err(|errno| failed(b"", errno))?;
    scan.listing.push(b"", &status);
    scan.levels.push(Level {
        state: scan.patterns.top(),
        ignored: false,
        filled: true,
        before: (0, 0),
    });
    let mut walk = Walk::sorted(tree.root().as_fd())?;
    while let Some(step) = walk.step()? {
        match step {
            Step::Entry(entry) => {
                if let Some(level) = scan.entry(&entry, walk.path())?
                    && walk.enter(&entry)?.is_some()
                {
                    scan.levels.push(level);
                }
            }
            Step::Left(_) => scan.leave(walk.path()),
        }
    }
    scan.listing.finish(earlier);
    Ok(scan.listing)
}

struct Scan {
    patterns: Patterns,
    listing: Listing,
    levels: Vec<Level>,
}

impl Scan {
    /// Adds an entry. Returns the level of a directory to enter.
    fn entry(&mut self, entry: &Entry, path: &[u8]) -> Result<Option<Level>, ContextError> {
        let Some(parent) = self.levels.last_mut() else {
            return Ok(None);
        };
        let name = file_name::to_text(entry.name.to_bytes());
        let (ignored, state) = self.patterns.enter(&parent.state, &name);
        let directory = entry.kind() == FileType::Directory;
        if ignored && (!directory || self.patterns.excludes_wholly(&state)) {
            self.listing.ignore(path);
            return Ok(None);
        }
        parent.filled |= !ignored;
        let before = (self.listing.len(), self.listing.ignored().len());
        let target = match entry.kind() {
            FileType::Symlink => match readlinkat(&entry.parent, &entry.name, Vec::new()) {
                Ok(target) => Some(target.into_bytes()),
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(failed(path, errno)),
            },
            _ => None,
        };
        self.listing.push(path, &entry.status);
        if let Some(target) = target {
            self.listing.set_target(target);
        }
        Ok(directory.then_some(Level {
            state,
            ignored,
            filled: false,
            before,
        }))
    }

    fn leave(&mut self, path: &[u8]) {
        let Some(level) = self.levels.pop() else {
            return;
        };
        if level.ignored && !level.filled {
            let (entries, ignored) = level.before;
            self.listing.ignore_from(entries, ignored, path);
        } else if let Some(parent) = self.levels.last_mut() {
            parent.filled = true;
        }
    }
}

impl From<WalkError> for ContextError {
    fn from(WalkError { path, errno }: WalkError) -> Self {
        Self { path, errno }
    }
}

fn failed(path: &[u8], errno: Errno) -> ContextError {
    let path = path.to_vec();
    ContextError { path, errno }
}
