//! Layers of images: unpacking, verifying, committing and merging them.

mod archive;
mod changes;
mod commit;
mod diff_id;
mod merge;
mod totals;
mod unpack;
mod upper;

pub use archive::{compress_archive, pack};
pub use commit::{CommitOptions, commit, sync};
pub use merge::merge;
pub use unpack::{UnpackError, UnpackOptions, unpack, verify};
pub use upper::{list_changes, write_layer};
