//! One file a step, in the order in which `launch` takes them.

pub mod attach;
pub mod confinement;
pub mod devices;
pub mod execution;
pub mod host_root;
pub mod identity;
pub mod keep_id;
pub mod kernel_files;
pub mod overlay;
pub mod pivot;
mod populate;
pub mod protected;
pub mod reaper;
pub mod root;
pub mod shared;
pub mod sysctls;
pub mod terminal;
pub mod volumes;
pub mod working_directory;
