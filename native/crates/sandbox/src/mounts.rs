//! Tools for mounts, used by several steps.

pub(crate) mod attach;
pub(crate) mod base_layer;
pub(crate) mod empty_root;
pub mod file_trees;
pub(crate) mod host_root;
pub(crate) mod isolation;
pub mod kept_overlay;
pub(crate) mod kernel_mounts;
pub(crate) mod mount_point;
pub(crate) mod overlay;
pub(crate) mod populate;
pub(crate) mod sources;
