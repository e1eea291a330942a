//! `--init`: the helper as PID 1, with the program as its child.

use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::os::fd::BorrowedFd;

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, setsid};
use sys::fork::{self, Side};
use sys::signals;

use crate::failure::{explained, system};
use crate::report::{self, Report};
use crate::steps::execution::{self, Execution};
use crate::steps::terminal;

/// Starts the program in a child, and executes the helper's role `init` in this process. An execution is necessary: a
/// fork of the zygote has the zygote's memory, so the kernel allows no process to enter its namespaces.
pub fn start(
    helper: BorrowedFd<'_>,
    channel: BorrowedFd<'_>,
    terminal: bool,
    execution: &Execution,
) -> Result<Infallible, Failure> {
    // Before the fork: the kernel discards a signal to a PID 1 that neither blocks nor handles it.
    signals::block_all().map_err(|errno| system("init", "signals", errno))?;
    match fork::fork().map_err(|error| explained(FailureKind::System, "init", error))? {
        Side::Child => {
            let Err(failure) = execute(terminal, execution);
            let _ = report::send(channel, &Report::Failed { failure }, &[]);
            std::process::exit(127);
        }
        Side::Parent(program) => {
            let Err(errno) = become_init(helper, program, execution);
            // In a shared PID namespace the kernel does not kill the program with this process.
            let _ = kill_process(program, Signal::KILL);
            Err(system("init", "exec", errno))
        }
    }
}

fn execute(terminal: bool, execution: &Execution) -> Result<Infallible, Failure> {
    signals::reset_for_program().map_err(|errno| system("signals", "reset", errno))?;
    setsid().map_err(|errno| system("session", "setsid", errno))?;
    if terminal {
        terminal::take_control()?;
    }
    execution::execute(execution)
}

/// Executes the role `init` with the program's environment, which tools read from /proc/1/environ.
fn become_init(
    helper: BorrowedFd<'_>,
    program: Pid,
    execution: &Execution,
) -> Result<Infallible, Errno> {
    let pid = CString::new(program.as_raw_nonzero().to_string()).map_err(|_| Errno::INVAL)?;
    let mut arguments: Vec<&CStr> = vec![c"tbox-helper", c"init", &pid, c"--"];
    arguments.extend(execution.arguments().iter().map(CString::as_c_str));
    fork::execute(helper, &arguments, execution.environment())
}
