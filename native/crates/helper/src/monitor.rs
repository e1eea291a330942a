//! One container's keeper: a fork of the zygote that owns its streams, writes its log, serves its
//! clients and records how it ended, whether or not a daemon is there.

mod attachment;
mod channel;
mod connections;
mod ending;
mod exec;
pub mod exit;
mod input;
mod launch;
mod log;
pub mod memory;
mod orphans;
mod queue;
mod record;
mod serve;
mod stream;

pub use exec::{ExecOrder, run_exec};
pub use launch::{Order, run};
