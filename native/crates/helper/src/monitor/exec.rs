//! A monitor of one more program in a container: it serves its streams and tells how it ended, to nobody but
//! the daemon that had it started.

use std::os::fd::{AsFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::ExecRequest;
use protocol::monitor::{FromMonitor, Started};
use sandbox::exec::exec;
use sandbox::host::Host;

use crate::failure;
use crate::messages;
use crate::monitor::input::AtEnd;
use crate::monitor::launch::{phases, streams};
use crate::monitor::serve::Monitor;
use crate::timestamp;

/// What the zygote forks such a monitor for.
#[derive(Debug)]
pub struct ExecOrder {
    pub request: Box<ExecRequest>,
    /// The channel, the attachments' sockets, the cgroup: their number fits the request.
    pub descriptors: Vec<OwnedFd>,
    /// The container's first process; nothing when it has ended.
    pub container: Option<OwnedFd>,
    /// When the request arrived, in nanoseconds of CLOCK_MONOTONIC.
    pub received_at: u64,
}

/// Starts the program and serves it until it has ended and its clients have everything.
pub fn run_exec(host: Host, mut order: ExecOrder) {
    let forked_at = timestamp::monotonic();
    let _ = rustix::thread::set_name(c"tbox-exec");
    if order.descriptors.is_empty() {
        return;
    }
    let channel = order.descriptors.remove(0);
    match begin(host, order, forked_at) {
        Ok(mut monitor) => {
            monitor.connect(channel);
            monitor.serve();
        }
        Err(failure) => {
            let _ = messages::send_waiting(channel.as_fd(), &FromMonitor::Failed(failure));
        }
    }
}

fn begin(host: Host, order: ExecOrder, forked_at: u64) -> Result<Monitor, Failure> {
    let ExecOrder {
        request,
        mut descriptors,
        container,
        received_at,
    } = order;
    let cgroup = request.cgroup.then(|| descriptors.pop()).flatten();
    let Some(container) = container else {
        let message = format!("container {} is not running", request.id);
        return Err(failure::explained(FailureKind::NotRunning, "exec", message));
    };
    let launched = exec(
        &host,
        &request,
        container.as_fd(),
        cgroup.as_ref().map(AsFd::as_fd),
    )?;
    drop((host, container));
    let started = Started {
        pid: launched.pid,
        started_at: timestamp::now(),
        phases: phases(&launched, received_at, forked_at),
    };
    let streams = streams(launched.stdio, AtEnd::Close)?;
    let mut monitor = Monitor::create(None, launched.pidfd, None, streams, started)
        .map_err(|errno| failure::system("monitor", "epoll", errno))?;
    for (wants, socket) in request.attachments.iter().zip(descriptors) {
        monitor.attach(socket, *wants);
    }
    Ok(monitor)
}
