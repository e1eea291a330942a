//! Layers on disk: unpacking, committing, measuring and removing trees inside the user namespace, and copying files of
//! containers.
//!
//! Every file that an image controls is reached below a directory descriptor: no path of an archive or a tree is
//! resolved from the process's own root. Start with [`requests::handle`].

mod archive;
mod blob;
mod compress;
pub mod copy;
mod digest;
mod extract;
mod failure;
mod file_failure;
mod layer;
mod measure;
mod metadata;
mod overlay;
mod pack;
mod parallel;
mod quote;
mod recycle;
mod remove;
pub mod requests;
mod store;
#[cfg(test)]
mod unnamed_file;
