//! The monitor: a fork of the zygote for each container. It owns the container's streams, writes its log, serves its
//! clients and records its exit, also while no daemon is running.

mod attachment;
mod channel;
mod container_files;
mod daemon_requests;
mod event_loop;
pub mod exec;
pub mod exit_record;
pub mod exit_status;
mod input;
pub mod launch;
pub mod left_overlay;
mod log;
pub mod memory;
mod orphans;
mod queue;
mod stdio;
mod stream;
mod streams;
mod termination;
