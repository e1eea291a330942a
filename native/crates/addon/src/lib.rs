//! Kernel calls for the daemon, as a Node-API addon. A function converts its arguments, calls `sys` and converts the
//! error. No function blocks. `src/native/addon/addon.ts` declares the types.
//!
//! Descriptors are numbers. The caller owns and closes returned descriptors. Descriptors in arguments are duplicated
//! and still belong to the caller.

pub mod cgroup;
pub mod context;
mod error;
pub mod files;
pub mod reactor;
pub mod seccomp;
mod source;
