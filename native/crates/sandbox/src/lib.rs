//! The steps that turn a fresh process into a container.

mod accounts;
mod base64;
mod capabilities;
pub mod exec;
mod failure;
pub mod host;
mod id_map;
pub mod launch;
pub mod net_helper;
mod oom_score;
pub mod owner;
mod program;
mod report;
mod rlimits;
mod seccomp;
mod steps;
mod tree;
pub mod trees;
pub mod visit;
