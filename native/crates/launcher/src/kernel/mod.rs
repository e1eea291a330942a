//! Safe kernel calls. `unsafe` is only here and in `start.rs`: the crate `sys` needs the standard library.
#![allow(unsafe_code)]

/// Checks the size and offsets of a structure of the kernel when this is compiled. `test/packaging/kernel-headers.test.ts`
/// compares the numbers with the C headers of both architectures.
macro_rules! layout {
    ($ours:ty, $theirs:literal, $size:literal $(, $field:ident = $name:literal at $offset:literal)*) => {
        const _: () = assert!(size_of::<$ours>() == $size);
        $(const _: () = assert!(core::mem::offset_of!($ours, $field) == $offset);)*
    };
}

mod call;
mod descriptor;
mod files;
mod limits;
mod memory;
mod process;
mod signals;
mod sockets;

pub use call::Errno;
pub use descriptor::Descriptor;
pub use files::{
    FileIdentity, Wait, is_terminal, open_directory, open_file, poll, read, read_link, status,
    status_of, working_directory, write,
};
pub use limits::{LARGEST_PROBE, process_limit, startable};
pub use process::{Start, effective_user, execute, exit};
pub use signals::{SignalSet, catch, die_by, ignore_broken_pipes, next_signal};
pub use sockets::{connect, peer, send, send_now};
