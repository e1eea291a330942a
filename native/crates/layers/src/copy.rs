//! Copying files into and out of a container's root: `docker cp`, `COPY` and `ADD`.
//!
//! The container may run and be hostile: every path is resolved below a descriptor of its root, and every name below
//! the descriptor of its directory.

mod archive;
mod archive_detection;
mod chmod;
mod copy_file;
mod copy_sources;
mod copy_tree;
mod file_content;
mod list;
mod metadata_overrides;
mod path;
mod real_path;
mod status;
mod target_directory;
mod unpack;

pub use archive::archive;
pub use copy_sources::{Sources, copy_sources};
pub use list::list;
pub use status::status;
pub use unpack::{UnpackOptions, unpack};
