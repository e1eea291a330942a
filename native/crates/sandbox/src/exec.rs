//! One more program in a container that runs.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{ExecRequest, Network, Sharing};
use rustix::fs::{CWD, Mode, OFlags, openat};
use sys::clone::{Namespaces, Side, clone3};
use sys::seqpacket;

use crate::capabilities;
use crate::failure::{explained, system};
use crate::host::Host;
use crate::launch::Launched;
use crate::oom_score;
use crate::program::{Program, follow, stdio};
use crate::report::{self, Report, phase};
use crate::steps::terminal::{self, Inner};
use crate::steps::{keep_id, shared};
use crate::tree;

/// Starts the program; returns once it was executed. Called in a monitor of its own, whose children are in
/// the container's pid namespace from here on. `container` is a descriptor of the container's first process.
pub fn exec(
    host: &Host,
    request: &ExecRequest,
    container: BorrowedFd<'_>,
    cgroup: Option<BorrowedFd<'_>>,
) -> Result<Launched, Failure> {
    let process = &request.process;
    let capabilities = capabilities::parse(&process.capabilities)?;
    let filter = host.filter(capabilities);
    let (inner, outer) = terminal::create(process)?;
    let (ours, theirs) =
        seqpacket::pair().map_err(|error| explained(FailureKind::System, "report", error))?;
    if request.shared.pid != Sharing::Host {
        join(container, Namespaces::PID)?;
    }
    let score = oom_score::lend(process.oom_score_adjustment)?;
    match clone3(Namespaces::empty(), cgroup)
        .map_err(|errno| system("clone", "container", errno))?
    {
        Side::Child => {
            drop(ours);
            let program = Program {
                process,
                capabilities,
                filter: &filter,
                channel: theirs.as_fd(),
            };
            let failed = run(&program, container, request, inner);
            let Err(failure) = failed;
            let _ = report::send(theirs.as_fd(), &Report::Failed { failure }, &[]);
            std::process::exit(127);
        }
        Side::Parent { pid, pidfd } => {
            let begun = phase("cloned");
            drop((inner, theirs, score));
            let (mut phases, master) = follow(ours.as_fd(), pidfd.as_fd(), |ids| {
                keep_id::map(ours.as_fd(), host, pid, ids)
            })?;
            phases.insert(0, begun);
            phases.push(phase("executed"));
            Ok(Launched {
                pid,
                pidfd,
                stdio: stdio(outer, master)?,
                phases,
            })
        }
    }
}

/// In the new process. It is in the container's pid namespace already and can be seen there, but not be
/// traced: it is not dumpable, as the zygote is not.
fn run(
    program: &Program<'_>,
    container: BorrowedFd<'_>,
    request: &ExecRequest,
    streams: Inner,
) -> Result<Infallible, Failure> {
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let mut namespaces = shared::joined(&request.shared);
    namespaces.set(Namespaces::NETWORK, request.network != Network::Host);
    join(container, namespaces)?;
    // Joining a mount namespace makes its root the process's own: from here on every path is the container's.
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root =
        openat(CWD, "/", flags, Mode::empty()).map_err(|errno| system("container", "/", errno))?;
    let devices = tree::open_plain(root.as_fd(), "dev", OFlags::PATH | OFlags::DIRECTORY)
        .map_err(|errno| system("container", "/dev", errno))?;
    program.give_streams(devices.as_fd(), streams)?;
    drop(devices);
    let account = program.settle(root.as_fd())?;
    drop(root);
    if program.process.keep_id {
        keep_id::join(container)?;
    }
    program.become_it(&account, Vec::new())
}

fn join(container: BorrowedFd<'_>, namespaces: Namespaces) -> Result<(), Failure> {
    sys::namespaces::join(container, namespaces)
        .map_err(|errno| system("container", "namespaces", errno))
}
