//! The steps that turn a fresh process into a container.

mod accounts;
mod capabilities;
mod failure;
pub mod host;
pub mod launch;
mod report;
mod rlimits;
mod seccomp;
mod steps;
mod tree;
