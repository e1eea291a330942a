//! The rights of a process: capabilities, system calls, resource limits.

pub(crate) mod capabilities;
pub mod host_lookup;
pub mod net_helper;
pub(crate) mod oom_score;
mod own_process;
pub(crate) mod rlimits;
pub(crate) mod system_calls;
pub mod worker;
