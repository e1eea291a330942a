//! The static helper binary. The daemon starts it as the zygote; monitors, workers and the net helper are forks of the
//! zygote. A container with `--init` executes it as its PID 1.

mod arguments;
mod init;
mod messages;
mod monitor;
mod net;
mod timestamp;
mod worker;
mod zygote;

use std::process::ExitCode;

use arguments::Role;

fn main() -> ExitCode {
    match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Role::Zygote(arguments)) => zygote::run(&arguments),
        Ok(Role::Init { program }) => init::run(program),
        Err(error) => {
            eprintln!("tbox-helper: {error}");
            ExitCode::from(2)
        }
    }
}
