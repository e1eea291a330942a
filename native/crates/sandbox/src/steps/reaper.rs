//! `--init`: a PID 1 that starts the program, forwards signals to it and reaps what it leaves behind.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd};

use protocol::failure::{Failure, FailureKind};
use rustix::process::{Pid, WaitOptions, kill_process, setsid, wait};
use sys::fork::{self, Side};

use crate::failure::{explained, system};
use crate::report::{self, Report};
use crate::steps::execution::{self, Execution};
use crate::steps::terminal;

/// Splits off the program. Ends with the program's exit code, 128 + n after a signal.
pub fn start(
    channel: BorrowedFd<'_>,
    terminal: bool,
    execution: &Execution,
) -> Result<Infallible, Failure> {
    match fork::fork().map_err(|error| explained(FailureKind::System, "init", error))? {
        Side::Child => {
            let Err(failure) = become_program(terminal, execution);
            let _ = report::send(channel, &Report::Failed { failure }, &[]);
            std::process::exit(127);
        }
        Side::Parent(program) => {
            fork::close_others();
            let code = watch(program).unwrap_or(255);
            std::process::exit(code);
        }
    }
}

fn become_program(terminal: bool, execution: &Execution) -> Result<Infallible, Failure> {
    setsid().map_err(|errno| system("session", "setsid", errno))?;
    if terminal {
        terminal::take_control()?;
    }
    execution::execute(execution)
}

/// Waits for the program; every signal but SIGCHLD is passed on.
fn watch(program: Pid) -> Result<i32, Failure> {
    let every: Vec<i32> = (1..=64)
        .filter(|number| ![libc::SIGKILL, libc::SIGSTOP, 32, 33].contains(number))
        .collect();
    let signals =
        sys::signals::descriptor(&every).map_err(|errno| system("init", "signals", errno))?;
    loop {
        // What has already ended sent its signal before there was anybody to take it.
        if let Some(code) = reap(program)? {
            return Ok(code);
        }
        let mut wait = [rustix::event::PollFd::new(
            &signals,
            rustix::event::PollFlags::IN,
        )];
        let _ = rustix::event::poll(&mut wait, None);
        while let Some(number) =
            sys::signals::take(signals.as_fd()).map_err(|errno| system("init", "signals", errno))?
        {
            if number != libc::SIGCHLD
                && let Some(signal) = rustix::process::Signal::from_named_raw(number)
            {
                let _ = kill_process(program, signal);
            }
        }
    }
}

/// Takes everything that has ended; the program's exit code if it is among it.
fn reap(program: Pid) -> Result<Option<i32>, Failure> {
    let mut code = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == program {
            code = status
                .exit_status()
                .or_else(|| status.terminating_signal().map(|signal| 128 + signal));
        }
    }
    Ok(code)
}
