//! The steps of a start, one per file. `launch.rs` and `program.rs` call them in order.

pub mod additional_mounts;
pub mod confinement;
pub mod devices;
pub mod execution;
pub mod identity;
pub mod keep_id;
pub mod kernel_files;
pub mod names;
pub mod pivot;
pub mod protected;
pub mod reaper;
pub mod root;
pub mod root_owned;
pub mod shared;
pub mod sysctls;
pub mod terminal;
pub mod working_directory;
