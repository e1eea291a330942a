//! Safe kernel calls. `unsafe` is only here and in `start.rs`: the crate `sys` needs the standard library.
#![allow(unsafe_code)]

mod call;
mod descriptor;
mod files;
mod memory;
mod process;
mod signals;
mod sockets;

pub use call::Errno;
pub use descriptor::Descriptor;
pub use files::{
    FileIdentity, Wait, is_terminal, open_directory, poll, read, read_link, status, status_of,
    working_directory, write,
};
pub use process::{Start, effective_user, execute, exit};
pub use signals::{SignalSet, catch, die_by, ignore_broken_pipes, next_signal};
pub use sockets::{connect, peer_user, send, send_now};
