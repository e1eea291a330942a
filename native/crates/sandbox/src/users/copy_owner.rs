//! The owner of files that a build copies.

use std::os::fd::BorrowedFd;

use protocol::failure::Failure;
use protocol::work::Owner;

use crate::steps::identity;

/// Resolves an owner in a root; nothing if each file keeps its owner.
pub fn find(root: BorrowedFd<'_>, owner: &Owner) -> Result<Option<(u32, u32)>, Failure> {
    match owner {
        Owner::Unchanged => Ok(None),
        Owner::Root => Ok(Some((0, 0))),
        Owner::Named { name } => identity::find_owner(root, name).map(Some),
    }
}
