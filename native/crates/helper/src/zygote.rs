//! The zygote: root inside the user namespace, one thread, and little memory, so that a container
//! starts with one message and one fork.

mod family;
mod maker;
mod net_helper;
mod ready;
mod reexecute;
mod requests;
mod serve;
mod spare;
mod start;

use std::process::ExitCode;

use protocol::failure::Failure;

use crate::arguments::Zygote;
use crate::messages;
use crate::monitor;
use crate::net;
use crate::worker;
use serve::Outcome;
use start::Started;

/// Starts a zygote and returns once it serves, in this process; returns in its forks when they
/// have done their work.
pub fn run(arguments: &Zygote) -> ExitCode {
    match start::start(arguments) {
        Ok(Started::Parent) => ExitCode::SUCCESS,
        Ok(Started::Child(zygote)) => {
            match zygote.serve() {
                Outcome::Ended => {}
                Outcome::Monitor { host, order } => monitor::run(host, order),
                Outcome::Spare { host, channel } => {
                    let _ = rustix::thread::set_name(c"tbox-spare");
                    if let Some(order) = spare::await_order(&channel) {
                        monitor::run(host, order);
                    }
                }
                Outcome::Maker { host, commission } => commission.carry_out(&host),
                Outcome::Exec { host, order } => monitor::run_exec(host, order),
                Outcome::Net { mapping, order } => net::run(&mapping, order),
                Outcome::Worker {
                    host,
                    store,
                    mapping,
                    order,
                } => worker::run(&host, &store, &mapping, *order),
            }
            ExitCode::SUCCESS
        }
        Ok(Started::Abandoned) => ExitCode::FAILURE,
        Err(failure) => report(&failure),
    }
}

/// One line of JSON on standard output.
pub fn report(failure: &Failure) -> ExitCode {
    let mut line = messages::text(failure);
    line.push(b'\n');
    let _ = rustix::io::write(rustix::stdio::stdout(), &line);
    ExitCode::FAILURE
}
