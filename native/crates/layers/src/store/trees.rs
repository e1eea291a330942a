//! Removing and measuring trees of the store.

use std::os::fd::{AsFd, BorrowedFd};

use protocol::work::Size;

use super::path::{StoreError, open_parent};
use crate::measure::{MeasureError, Totals, measure_tree};
use crate::remove::{RemoveError, remove_tree};

#[derive(Debug, thiserror::Error)]
pub enum RemovePathError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Remove(#[from] RemoveError),
}

#[derive(Debug, thiserror::Error)]
pub enum MeasurePathError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
}

/// Deletes the file or tree at a path, if it exists.
pub fn remove(store: BorrowedFd<'_>, path: &str) -> Result<(), RemovePathError> {
    if let Some((parent, name)) = open_parent(store, path)? {
        remove_tree(parent.as_fd(), name.as_bytes())?;
    }
    Ok(())
}

/// Returns the size of the file or tree at a path; zero if it does not exist.
pub fn measure(store: BorrowedFd<'_>, path: &str) -> Result<Size, MeasurePathError> {
    let totals = match open_parent(store, path)? {
        Some((parent, name)) => measure_tree(parent.as_fd(), name.as_bytes())?,
        None => Totals::default(),
    };
    Ok(Size {
        bytes: totals.allocated,
        inodes: totals.inodes,
        content: totals.content,
    })
}
