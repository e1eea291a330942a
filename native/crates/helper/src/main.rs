//! The static helper binary. The daemon starts it as the zygote; monitors, workers and the net helper are forks of the
//! zygote.

mod arguments;
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
