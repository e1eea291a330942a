//! Turns a fresh process into a container. `launch.rs` is the list of steps.

mod base64;
pub mod container_root;
pub mod exec;
mod failure;
pub mod host;
mod in_root;
pub mod launch;
pub mod mounts;
pub mod privileges;
mod program;
pub mod ready;
mod report;
pub mod startup;
mod steps;
mod store;
pub mod users;
