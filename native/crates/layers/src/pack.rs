//! Writing a tree as a tar archive.

mod error;
mod header;
mod sized_file;
mod tree_archive;

pub use error::PackError;
pub use tree_archive::{Counts, Mounts, pack_contents, pack_tree, pack_upper};
