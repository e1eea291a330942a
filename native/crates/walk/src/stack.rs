//! The directories from the top of a tree down to the current one.

use std::mem::replace;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{Mode, fstat, openat};
use rustix::io::Errno;

use crate::directory::{DIRECTORY, Identity, identity};

/// Maximum number of directories that a [`DirectoryStack`] keeps open.
pub const MAX_OPEN: usize = 64;

/// A stack of directories, each one the parent of the next.
///
/// Only the [`MAX_OPEN`] deepest are open. The others are opened again by `..` on the way back, and their identity is
/// compared: an open directory keeps the inodes of its ancestors in memory, so their numbers are stable.
#[derive(Debug)]
pub struct DirectoryStack {
    ancestors: Vec<Ancestor>,
    current: Arc<OwnedFd>,
}

#[derive(Debug)]
enum Ancestor {
    Open(Arc<OwnedFd>),
    Closed(Identity),
}

impl DirectoryStack {
    pub fn new(top: OwnedFd) -> Self {
        Self {
            ancestors: Vec::new(),
            current: Arc::new(top),
        }
    }

    /// Returns the deepest directory. A clone of it counts as one more open descriptor for as long as it lives.
    pub fn current(&self) -> &Arc<OwnedFd> {
        &self.current
    }

    /// Makes `directory`, which is in the current one, the current one.
    pub fn push(&mut self, directory: OwnedFd) -> Result<(), Errno> {
        if let Some((index, ancestor)) = self.next_to_close() {
            let identity = identity(&fstat(ancestor)?);
            self.ancestors[index] = Ancestor::Closed(identity);
        }
        let parent = replace(&mut self.current, Arc::new(directory));
        self.ancestors.push(Ancestor::Open(parent));
        Ok(())
    }

    /// Returns to the parent and hands out the directory that was the current one; `None` at the top. Fails with
    /// `ESTALE` if the parent was closed and the directory has another parent now.
    pub fn pop(&mut self) -> Result<Option<Arc<OwnedFd>>, Errno> {
        let parent = match self.ancestors.pop() {
            None => return Ok(None),
            Some(Ancestor::Open(parent)) => parent,
            Some(Ancestor::Closed(expected)) => {
                let parent = openat(&self.current, "..", DIRECTORY, Mode::empty())?;
                if identity(&fstat(&parent)?) != expected {
                    return Err(Errno::STALE);
                }
                Arc::new(parent)
            }
        };
        Ok(Some(replace(&mut self.current, parent)))
    }

    /// Returns the directory that the next [`push`](Self::push) closes, with its depth below the top.
    pub(crate) fn next_to_close(&self) -> Option<(usize, &Arc<OwnedFd>)> {
        // The current directory and the new one stay open besides the ancestors.
        let index = (self.ancestors.len() + 2).checked_sub(MAX_OPEN + 1)?;
        match self.ancestors.get(index) {
            Some(Ancestor::Open(directory)) => Some((index, directory)),
            _ => None,
        }
    }
}
