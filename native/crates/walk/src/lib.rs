//! Reading untrusted directory trees.
//!
//! Start with [`Walk`]. Everything is reached through a directory descriptor: no path is resolved from the process's
//! own root, and no symbolic link is followed unless a function in [`resolve`] says so. Memory grows with the depth of
//! a tree, the number of open descriptors and the call stack do not.

mod directory;
pub mod resolve;
mod stack;
mod walker;

pub use directory::{DIRECTORY, Identity, identity, is_empty, names, read_batch};
pub use stack::{DirectoryStack, MAX_OPEN};
pub use walker::{Entry, Left, Step, Walk, WalkError};
