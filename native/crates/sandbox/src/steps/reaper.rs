//! `--init`: a PID 1 that starts the program, forwards signals to it and reaps zombies.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd};

use protocol::failure::{Failure, FailureKind};
use rustix::process::{Pid, WaitOptions, kill_process, setsid, wait};
use sys::fork::{self, Side};

use crate::failure::{explained, system};
use crate::report::{self, Report};
use crate::steps::execution::{self, Execution};
use crate::steps::terminal;

/// Exit status if the reaper itself fails.
const FAILED: i32 = 255;

/// Starts the program in a child and waits for it. Exits with the program's exit status, or 128 + n if
/// signal n ended it.
pub fn start(
    channel: BorrowedFd<'_>,
    terminal: bool,
    execution: &Execution,
) -> Result<Infallible, Failure> {
    match fork::fork().map_err(|error| explained(FailureKind::System, "init", error))? {
        Side::Child => {
            let Err(failure) = execute(terminal, execution);
            let _ = report::send(channel, &Report::Failed { failure }, &[]);
            std::process::exit(127);
        }
        // Open descriptors would keep the report channel, and files of the host, in use.
        Side::Parent(program) => {
            fork::run_without_descriptors(program, |program| wait_for(program).unwrap_or(FAILED))
        }
    }
}

fn execute(terminal: bool, execution: &Execution) -> Result<Infallible, Failure> {
    setsid().map_err(|errno| system("session", "setsid", errno))?;
    if terminal {
        terminal::take_control()?;
    }
    execution::execute(execution)
}

/// Waits for the program and forwards every signal but SIGCHLD to it.
fn wait_for(program: Pid) -> Result<i32, Failure> {
    // The C library reserves 32 and 33.
    let forwarded: Vec<i32> = (1..=sys::signals::HIGHEST)
        .filter(|number| ![libc::SIGKILL, libc::SIGSTOP, 32, 33].contains(number))
        .collect();
    let signals =
        sys::signals::descriptor(&forwarded).map_err(|errno| system("init", "signals", errno))?;
    loop {
        // First: a child that ended before the descriptor existed sends no signal to it.
        if let Some(code) = reap(program)? {
            return Ok(code);
        }
        let mut watched = [rustix::event::PollFd::new(
            &signals,
            rustix::event::PollFlags::IN,
        )];
        let _ = rustix::event::poll(&mut watched, None);
        while let Some(number) =
            sys::signals::read(signals.as_fd()).map_err(|errno| system("init", "signals", errno))?
        {
            if number != libc::SIGCHLD
                && let Some(signal) = rustix::process::Signal::from_named_raw(number)
            {
                let _ = kill_process(program, signal);
            }
        }
    }
}

/// Reaps all zombies. Returns the program's exit status if it is one of them.
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
