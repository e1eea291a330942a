//! Layers on disk: unpacking, removing and measuring trees inside the user namespace.
//!
//! Everything image-controlled is reached below a directory descriptor: no path of an archive or of
//! a tree is ever resolved from the process's own root.

mod archive;
pub mod copy;
mod extract;
mod failure;
mod keep;
mod measure;
mod merge;
mod names;
mod remove;
mod store;
mod stream;
mod unpack;
pub mod work;
