//! Writing a tree as a tar archive.

mod counts;
mod error;
mod header;
mod read_ahead;
mod sized_file;
mod tree_archive;

pub use counts::Counts;
pub use error::PackError;
pub use tree_archive::{Mounts, pack_contents, pack_tree, pack_upper};
