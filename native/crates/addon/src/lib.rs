//! The daemon's only door to Linux, as a Node-API addon: converts, calls `sys`, converts the error.
//! Nothing here waits. `src/native/addon.ts` holds the types.
//!
//! Descriptors pass as numbers. Those given out belong to the caller, who closes them; those taken
//! are copied, and stay the caller's.

pub mod cgroup;
mod error;
pub mod files;
pub mod reactor;
mod source;
