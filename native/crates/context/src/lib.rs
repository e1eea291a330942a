//! The files of a build context: listed without those that `.dockerignore` excludes, and hashed on several threads.
//!
//! Other programs may change the tree at the same time. Every file is opened through the descriptor of its directory
//! without following links, so no path leads out of the tree. A listing needs about a hundred bytes a file.

mod digest;
mod error;
mod listing;
mod open;
mod pattern;
mod scan;

pub use digest::hex;
pub use error::ContextError;
pub use listing::{Kind, Listing};
pub use open::Tree;
pub use pattern::{Part, Rule};
pub use scan::scan;
