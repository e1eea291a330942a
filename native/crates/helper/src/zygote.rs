//! The zygote: a process with one thread and little memory that is root inside the user namespace. It starts a
//! container with one message and one fork.

mod children;
mod forked;
mod kept_overlays;
mod listening;
mod net_helper;
mod prepared;
mod prepared_network;
mod preparer;
mod ready_monitors;
mod reexecute;
mod requests;
mod run_directory;
mod server;
mod spare_cgroup;
mod standby_monitor;
mod start;
mod survivors;
mod tasks;

use std::process::ExitCode;

use protocol::failure::Failure;

use crate::arguments::Arguments;
use crate::messages;
use crate::monitor;
use crate::net;
use crate::worker;
use start::Started;
use tasks::Outcome;

/// Starts a zygote. Returns in this process once the zygote serves, and in each fork of the zygote after its work.
pub fn run(arguments: &Arguments) -> ExitCode {
    match start::start(arguments) {
        Ok(Started::Parent) => ExitCode::SUCCESS,
        Ok(Started::Zygote(zygote)) => {
            finish(zygote.serve());
            ExitCode::SUCCESS
        }
        Ok(Started::Abandoned) => ExitCode::FAILURE,
        Err(failure) => report(&failure),
    }
}

/// Does the work of a fork.
fn finish(outcome: Outcome) {
    match outcome {
        Outcome::Ended => {}
        Outcome::Monitor { host, launch } => monitor::launch::run(host, launch, None),
        Outcome::StandbyMonitor { host, standby } => standby.run(host),
        Outcome::Preparer { host, preparation } => preparation.run(&host),
        Outcome::Exec { host, exec } => monitor::exec::run(host, exec),
        Outcome::NetHelper { mapping, start } => net::start::run(&mapping, start),
        Outcome::Worker {
            host,
            store,
            mapping,
            job,
        } => worker::run(host, store, &mapping, *job),
    }
}

/// Writes a failure as one line of JSON to standard output.
fn report(failure: &Failure) -> ExitCode {
    let mut line = messages::text(failure);
    line.push(b'\n');
    let _ = rustix::io::write(rustix::stdio::stdout(), &line);
    ExitCode::FAILURE
}
