//! The monitor of an exec: another program in a running container. It serves the program's streams, and reports its
//! exit to the daemon that started it.

use std::os::fd::{AsFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::ExecRequest;
use protocol::monitor::FromMonitor;
use sandbox::exec;
use sandbox::host::Host;

use crate::messages;
use crate::monitor::event_loop::Monitor;
use crate::monitor::input::AtEnd;
use crate::monitor::launch::started;
use crate::monitor::stdio::ProgramStreams;
use crate::timestamp;

/// An exec with its descriptors.
#[derive(Debug)]
pub struct Exec {
    pub request: Box<ExecRequest>,
    /// The channel, a socket for each attachment, and the cgroup if the request has one.
    pub descriptors: Vec<OwnedFd>,
    /// The container's first process; `None` if it has ended.
    pub container: Option<OwnedFd>,
    /// Time at which the request arrived, in nanoseconds of CLOCK_MONOTONIC.
    pub received_at: u64,
}

/// Starts the program and serves it until it has ended and its clients have received all output.
pub fn run(host: Host, mut exec: Exec) {
    let forked_at = timestamp::monotonic();
    let _ = rustix::thread::set_name(c"tbox-exec");
    if exec.descriptors.is_empty() {
        return;
    }
    let channel = exec.descriptors.remove(0);
    match begin(host, exec, forked_at) {
        Ok(mut monitor) => {
            monitor.connect(channel);
            monitor.serve();
        }
        Err(failure) => {
            let _ = messages::send_waiting(channel.as_fd(), &FromMonitor::Failed(failure));
        }
    }
}

fn begin(host: Host, exec: Exec, forked_at: u64) -> Result<Monitor, Failure> {
    let Exec {
        request,
        mut descriptors,
        container,
        received_at,
    } = exec;
    let cgroup = request.cgroup.then(|| descriptors.pop()).flatten();
    let Some(container) = container else {
        let message = format!("container {} is not running", request.id);
        return Err(Failure::new(FailureKind::NotRunning, "exec", message));
    };
    let launched = exec::exec(
        &host,
        &request,
        container.as_fd(),
        cgroup.as_ref().map(AsFd::as_fd),
    )?;
    drop((host, container));
    let started = started(&launched, received_at, forked_at);
    let guard = launched.guard;
    let streams = ProgramStreams::new(launched.stdio, AtEnd::Close)?;
    let mut monitor = Monitor::create(None, launched.pidfd, None, streams, started)
        .map_err(|errno| Failure::of_call("monitor", "epoll", errno))?;
    for (wants, socket) in request.attachments.iter().zip(descriptors) {
        monitor.attach(socket, *wants);
    }
    guard.release();
    Ok(monitor)
}
