//! The static helper. One binary, one role per process: `zygote` is started by the daemon; monitors
//! and workers are its forks.

mod arguments;
mod failure;
mod identity;
mod messages;
mod monitor;
mod net;
mod timestamp;
mod worker;
mod zygote;

use std::process::ExitCode;

fn main() -> ExitCode {
    match arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) => zygote::run(&arguments),
        Err(error) => {
            eprintln!("tbox-helper: {error}");
            ExitCode::from(2)
        }
    }
}
