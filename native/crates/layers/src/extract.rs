//! Extracting the entries of an archive into a tree.
//!
//! Start with [`Extractor`].

mod entry_metadata;
mod entry_owner;
mod entry_path;
mod extractor;
mod open_directories;
mod problem;
mod tree_writer;
mod warnings;
mod whiteouts;
mod write_with_holes;

pub use extractor::{Extracted, Extractor};
pub use problem::{ExtractError, Problem};
pub use tree_writer::Destination;
