//! From a process in its place to the program it becomes: the same for a container's first program and for
//! those that are started in it later.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Process;
use protocol::monitor::Phase;
use rustix::process::{Signal, setsid};

use crate::accounts::Account;
use crate::capabilities::Set;
use crate::failure::{explained, system};
use crate::launch::Stdio;
use crate::report::{self, Report, phase};
use crate::seccomp;
use crate::steps::execution::{self, Execution};
use crate::steps::terminal::{self, Inner, Outer};
use crate::steps::{confinement, devices, identity, reaper, working_directory};

pub(crate) struct Program<'launch> {
    pub process: &'launch Process,
    pub capabilities: Set,
    pub filter: &'launch seccomp::Program,
    /// To the monitor.
    pub channel: BorrowedFd<'launch>,
}

impl Program<'_> {
    /// Makes the streams descriptors 0 to 2, in a session of the container's own.
    pub fn give_streams(&self, devices: BorrowedFd<'_>, streams: Inner) -> Result<(), Failure> {
        setsid().map_err(|errno| system("session", "setsid", errno))?;
        match streams {
            Inner::Pipes {
                stdin,
                stdout,
                stderr,
            } => terminal::install(&stdin, &stdout, &stderr),
            Inner::Terminal(size) => {
                let (master, peer) = terminal::open_terminal(devices, size)?;
                report::send(self.channel, &Report::Terminal, &[master.as_fd()])?;
                terminal::install(&peer, &peer, &peer)
            }
        }
    }

    /// Finds out who the program is to be, and enters its working directory.
    pub fn settle(&self, root: BorrowedFd<'_>) -> Result<Account, Failure> {
        let account = identity::find_account(root, self.process)?;
        working_directory::enter(root, &self.process.cwd)?;
        Ok(account)
    }

    /// Gives up everything the program is not to have, and becomes it.
    pub fn become_it(
        &self,
        account: &Account,
        mut phases: Vec<Phase>,
    ) -> Result<Infallible, Failure> {
        let Program { process, .. } = self;
        identity::own_streams(account);
        let execution = self.plan(&account.home, &phases)?;
        sys::signals::reset_for_program().map_err(|errno| system("signals", "reset", errno))?;
        confinement::confine(process, account, self.capabilities, self.filter)?;
        phases.push(phase("confined"));
        report::send(self.channel, &Report::Phases { phases }, &[])?;
        // Last: everything but the standard streams is closed by the exec.
        sys::fork::close_others_on_exec().map_err(|errno| system("exec", "descriptors", errno))?;
        if process.init {
            return reaper::start(self.channel, process.tty.is_some(), &execution);
        }
        if process.tty.is_some() {
            terminal::take_control()?;
        }
        execution::execute(&execution)
    }

    fn plan(&self, home: &str, phases: &[Phase]) -> Result<Execution, Failure> {
        let mut env = self.process.env.clone();
        // An empty one is as good as none.
        env.retain(|entry| entry != "HOME=");
        if !env.iter().any(|entry| entry.starts_with("HOME=")) {
            env.push(format!("HOME={home}"));
        }
        if let Some(begin) = self.process.trace {
            env.push(format!("TBOX_TRACE={}", trace(begin, phases)));
        }
        execution::plan(&self.process.args, &env)
    }
}

/// Shows the terminal that the program has as /dev/console.
pub(crate) fn show_console(devices: BorrowedFd<'_>, process: &Process) -> Result<(), Failure> {
    match process.tty {
        Some(_) => devices::mount_console(devices, rustix::stdio::stdin().as_fd()),
        None => Ok(()),
    }
}

/// Reads the child's reports until it has become the program.
pub(crate) fn follow(
    channel: BorrowedFd<'_>,
    pidfd: BorrowedFd<'_>,
    map: impl Fn((u32, u32)) -> Result<(), Failure>,
) -> Result<(Vec<Phase>, Option<OwnedFd>), Failure> {
    let mut phases = None;
    let mut master = None;
    while let Some((report, mut descriptors)) = report::receive(channel)? {
        match report {
            Report::Phases { phases: reported } => phases = Some(reported),
            Report::Terminal => master = descriptors.pop(),
            Report::UserNamespace { uid, gid } => {
                if let Err(failure) = map((uid, gid)) {
                    // It would wait for ever.
                    kill(pidfd);
                    return Err(failure);
                }
            }
            Report::Failed { failure } => {
                reap(pidfd);
                return Err(failure);
            }
        }
    }
    // The channel closes by the exec, or because the child died on the way.
    let Some(phases) = phases else {
        reap(pidfd);
        return Err(explained(
            FailureKind::System,
            "launch",
            "the container's process died before its program",
        ));
    };
    Ok((phases, master))
}

/// Ends a child on its way to the program.
pub(crate) fn kill(pidfd: BorrowedFd<'_>) {
    let _ = rustix::process::pidfd_send_signal(pidfd, Signal::KILL);
    reap(pidfd);
}

fn reap(pidfd: BorrowedFd<'_>) {
    let _ = rustix::process::waitid(
        rustix::process::WaitId::PidFd(pidfd),
        rustix::process::WaitIdOptions::EXITED,
    );
}

/// The monitor's side of the streams, whichever kind they are.
pub(crate) fn stdio(outer: Option<Outer>, master: Option<OwnedFd>) -> Result<Stdio, Failure> {
    match (outer, master) {
        (
            Some(Outer {
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
            "the container's terminal did not arrive",
        )),
    }
}

/// `phase=µs` words, counted from the moment the start was asked for.
fn trace(begin: u64, phases: &[Phase]) -> String {
    let words: Vec<String> = phases
        .iter()
        .map(|one| format!("{}={}", one.name, one.at.saturating_sub(begin) / 1000))
        .collect();
    words.join(" ")
}
