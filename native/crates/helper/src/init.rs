//! The role `init`: a container's PID 1 that forwards signals to the program and reaps zombies.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, wait};
use sys::{pidfd, signals};

const SIGCHLD: i32 = 17;

/// Exit status if the role itself fails.
const FAILED: u8 = 255;

/// Waits for the program, which is a child of this process. Returns its exit status, or 128 + n if signal n ended it.
/// All signals must have been blocked before the child was forked.
pub fn run(program: u32) -> ExitCode {
    let _ = rustix::thread::set_name(c"tbox-init");
    // In a shared PID namespace this process is not PID 1, so orphans would become children of another process.
    let _ = set_child_subreaper(Some(getpid()));
    let code = wait_for(program).unwrap_or(FAILED);
    ExitCode::from(code)
}

fn wait_for(program: u32) -> Result<u8, Errno> {
    let signals = signals::descriptor(1..=signals::HIGHEST)?;
    let child = pidfd::open(program, None).ok();
    loop {
        // Reap before waiting for a signal: the program may have ended already.
        if let Some(code) = reap(program) {
            return Ok(code);
        }
        let mut watched = [PollFd::new(&signals, PollFlags::IN)];
        let _ = poll(&mut watched, None);
        forward(signals.as_fd(), child.as_ref())?;
    }
}

/// Forwards every pending signal but SIGCHLD.
fn forward(signals: BorrowedFd<'_>, program: Option<&OwnedFd>) -> Result<(), Errno> {
    while let Some(number) = signals::read(signals)? {
        if number != SIGCHLD
            && let Some(program) = program
        {
            let _ = signals::send(program.as_fd(), number);
        }
    }
    Ok(())
}

/// Reaps all zombies. Returns the program's exit status if it is one of them.
fn reap(program: u32) -> Option<u8> {
    let mut code = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if number(pid) == program {
            let status = status
                .exit_status()
                .or_else(|| status.terminating_signal().map(|signal| 128 + signal));
            code = status.and_then(|status| u8::try_from(status).ok());
        }
    }
    code
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
