//! The launcher: `tbox` as users call it.
//!
//! It sends its command line to the daemon, which runs the command with the definitions of the Bun program, and copies
//! streams and signals. In all other cases it executes the Bun program in its directory, with the same arguments.
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
