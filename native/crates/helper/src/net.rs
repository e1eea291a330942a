//! The net helper: the process that serves the networks of one user. It stays in the host's network namespace, where it
//! connects and listens on behalf of the containers.

mod helper_events;
mod host_lookup;
pub mod inheritance;
mod namespace_worker;
mod processes;
mod requests;
mod server;
pub mod start;
mod zygote_link;
pub mod zygote_messages;
