//! The monitor's side of a start: follows the child until it has executed the program.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::monitor::Phase;
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use sys::clone::Child;

use crate::failure::explained;
use crate::host::Host;
use crate::mounts::kept_overlay::KeptOverlay;
use crate::report::{self, Report, phase};
use crate::steps::keep_id;
use crate::steps::terminal::MonitorStreams;

/// A process that has executed its program.
#[derive(Debug)]
pub struct Launched {
    pub pid: u32,
    pub pidfd: OwnedFd,
    pub stdio: Stdio,
    pub phases: Vec<Phase>,
    /// The container's mount namespace. While it is held, the end of the process does not wait for the kernel to unmount
    /// everything. `None` for an exec.
    pub mounts: Option<OwnedFd>,
    /// The overlay of the root, if the next container may use it.
    pub overlay: Option<KeptOverlay>,
    pub guard: Guard,
}

/// A guard of a started process. Dropping the guard kills the process, unless it was [released](Self::release), so that
/// no program runs without a monitor.
#[derive(Debug)]
pub struct Guard {
    pidfd: Option<OwnedFd>,
}

impl Guard {
    pub(crate) fn new(pidfd: BorrowedFd<'_>) -> Result<Self, Failure> {
        match pidfd.try_clone_to_owned() {
            Ok(pidfd) => Ok(Self { pidfd: Some(pidfd) }),
            Err(error) => {
                kill(pidfd);
                Err(explained(FailureKind::System, "launch", error))
            }
        }
    }

    /// Lets the process run on.
    pub fn release(mut self) {
        self.pidfd = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(pidfd) = &self.pidfd {
            kill(pidfd.as_fd());
        }
    }
}

/// The monitor's ends of the program's standard streams.
#[derive(Debug)]
pub enum Stdio {
    Pipes {
        stdin: Option<OwnedFd>,
        stdout: OwnedFd,
        stderr: OwnedFd,
    },
    /// The master of the terminal.
    Terminal(OwnedFd),
}

/// Waits until the child has executed its program, and maps its ids on request. `phases` are those before the child's own.
pub(crate) fn follow(
    channel: BorrowedFd<'_>,
    child: Child,
    host: &Host,
    streams: Option<MonitorStreams>,
    mut phases: Vec<Phase>,
) -> Result<Launched, Failure> {
    let Child { pid, pidfd } = child;
    let guard = Guard::new(pidfd.as_fd())?;
    let Reported {
        phases: reported,
        mounts,
        terminal,
    } = read_reports(channel, host, pid, pidfd.as_fd())?;
    phases.extend(reported);
    phases.push(phase("executed"));
    Ok(Launched {
        pid,
        pidfd,
        stdio: stdio(streams, terminal)?,
        phases,
        mounts,
        overlay: None,
        guard,
    })
}

/// The reports of a child that has executed its program.
struct Reported {
    phases: Vec<Phase>,
    /// The child's mount namespace.
    mounts: Option<OwnedFd>,
    /// The master of the child's terminal.
    terminal: Option<OwnedFd>,
}

/// Reads the child's reports until the channel closes.
fn read_reports(
    channel: BorrowedFd<'_>,
    host: &Host,
    pid: u32,
    pidfd: BorrowedFd<'_>,
) -> Result<Reported, Failure> {
    let mut phases = None;
    let mut mounts = None;
    let mut terminal = None;
    while let Some((report, mut descriptors)) = report::receive(channel)? {
        match report {
            Report::Phases { phases: reported } => {
                phases = Some(reported);
                mounts = descriptors.pop();
            }
            Report::Ready => {}
            Report::Terminal => terminal = descriptors.pop(),
            Report::UserNamespace { uid, gid } => {
                // If this fails, the guard kills the child, which would otherwise wait for ever.
                keep_id::map(channel, host, pid, (uid, gid))?;
            }
            Report::Failed { failure } => {
                reap(pidfd);
                return Err(failure);
            }
        }
    }
    // The exec closes the channel, and so does a child that dies before it.
    let Some(phases) = phases else {
        reap(pidfd);
        return Err(explained(
            FailureKind::System,
            "launch",
            "the container's process died before it executed its program",
        ));
    };
    Ok(Reported {
        phases,
        mounts,
        terminal,
    })
}

/// Kills a child that has not executed its program.
pub(crate) fn kill(pidfd: BorrowedFd<'_>) {
    let _ = pidfd_send_signal(pidfd, Signal::KILL);
    reap(pidfd);
}

fn reap(pidfd: BorrowedFd<'_>) {
    let _ = waitid(WaitId::PidFd(pidfd), WaitIdOptions::EXITED);
}

fn stdio(streams: Option<MonitorStreams>, terminal: Option<OwnedFd>) -> Result<Stdio, Failure> {
    match (streams, terminal) {
        (
            Some(MonitorStreams {
                stdin,
                stdout,
                stderr,
            }),
            None,
        ) => Ok(Stdio::Pipes {
            stdin,
            stdout,
            stderr,
        }),
        (None, Some(master)) => Ok(Stdio::Terminal(master)),
        _ => Err(explained(
            FailureKind::System,
            "streams",
            "the container's process sent no terminal",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, ExitStatus};

    /// Drops or releases a guard, and then returns the exit status of the process.
    fn exit_status_after(guard: impl FnOnce(Guard)) -> Option<ExitStatus> {
        let mut child = Command::new("sleep").arg("0.2").spawn().unwrap();
        let pidfd = sys::pidfd::open(child.id(), None).unwrap();
        guard(Guard::new(pidfd.as_fd()).unwrap());
        child.wait().ok()
    }

    #[test]
    fn a_process_that_nobody_serves_is_killed_and_reaped() {
        assert!(exit_status_after(drop).is_none_or(|status| status.signal() == Some(9)));
    }

    #[test]
    fn a_released_process_runs_to_its_end() {
        assert!(exit_status_after(Guard::release).is_some_and(|status| status.success()));
    }
}
