//! The launcher: `tbox` as users call it.
//!
//! Sends its command line to the daemon, which runs the command with the definitions of the Bun program, and copies
//! streams and signals. Executes the Bun program beside it, with the same arguments, for everything else.
#![no_std]
#![cfg_attr(not(test), no_main)]
// The harness of the unit tests has its own entry point.
#![cfg_attr(test, allow(dead_code, unused_imports))]

mod buffer;
mod frames;
mod hand_over;
mod kernel;
mod outgoing;
mod request;
mod run;
mod session;
mod socket_path;
mod start;
mod version;
