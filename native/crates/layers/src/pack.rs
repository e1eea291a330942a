//! Writing a tree as a tar archive.

mod error;
mod header;
mod tree_archive;

pub use error::PackError;
pub use tree_archive::{Counts, Mounts, pack_contents, pack_tree, pack_upper};
