//! The start of another program in a running container.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{ExecRequest, Network, Sharing};
use rustix::fs::{Mode, OFlags};
use sys::clone::{Namespaces, clone3};
use sys::seqpacket;

use crate::failure::{explained, refused_clone, system};
use crate::host::Host;
use crate::in_root;
use crate::privileges::system_calls::SystemCalls;
use crate::privileges::{capabilities, oom_score};
use crate::program::Program;
use crate::report::phase;
use crate::startup::{Launched, follow};
use crate::steps::terminal::{self, ProgramStreams};
use crate::steps::working_directory::Missing;
use crate::steps::{keep_id, shared};

/// Starts the program and returns once it was executed. Call it in a separate monitor, whose later children are
/// in the container's PID namespace. `container` is a descriptor of the container's first process.
pub fn exec(
    host: &Host,
    request: &ExecRequest,
    container: BorrowedFd<'_>,
    cgroup: Option<BorrowedFd<'_>>,
) -> Result<Launched, Failure> {
    let process = &request.process;
    let capabilities = capabilities::parse(&process.capabilities)?;
    let filter = SystemCalls::choose(host, process, capabilities)?;
    let (program_streams, monitor_streams) = terminal::create(process)?;
    let (ours, theirs) =
        seqpacket::pair().map_err(|error| explained(FailureKind::System, "report", error))?;
    if request.shared.pid != Sharing::Host {
        join(container, Namespaces::PID)?;
    }
    let restore_score = oom_score::set_for_children(process.oom_score_adjustment)?;
    let (child, ours) = clone3(Namespaces::empty(), cgroup, ours, move || {
        let program = Program {
            process,
            capabilities,
            system_calls: &filter,
            helper: host.helper(),
            channel: theirs.as_fd(),
        };
        let Err(failure) = run(&program, container, request, program_streams);
        program.fail(failure)
    })
    .map_err(|error| refused_clone("container", &error))?;
    let cloned = vec![phase("cloned")];
    drop(restore_score);
    follow(ours.as_fd(), child, host, monitor_streams, cloned)
}

/// Runs in the new process. The container's processes see this process in their PID namespace but cannot trace it: like
/// the zygote, it is not dumpable.
fn run(
    program: &Program,
    container: BorrowedFd<'_>,
    request: &ExecRequest,
    streams: ProgramStreams,
) -> Result<Infallible, Failure> {
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let mut namespaces = shared::joined(&request.shared);
    namespaces.set(Namespaces::NETWORK, request.network != Network::Host);
    join(container, namespaces)?;
    // Joining a mount namespace changes the root: from here on every path resolves in the container.
    let root = in_root::open_own_root().map_err(|errno| system("container", "/", errno))?;
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let devices = in_root::open_without_links(root.as_fd(), "dev", flags)
        .map_err(|errno| system("container", "/dev", errno))?;
    program.install_streams(devices.as_fd(), streams)?;
    drop(devices);
    let account = program.enter_working_directory(root.as_fd(), Missing::Refuse)?;
    drop(root);
    if program.process.keep_id.is_some() {
        keep_id::join(container)?;
    }
    program.execute(&account, Vec::new(), None)
}

fn join(container: BorrowedFd<'_>, namespaces: Namespaces) -> Result<(), Failure> {
    sys::namespaces::join(container, namespaces)
        .map_err(|errno| system("container", "namespaces", errno))
}
