//! The monitor of a container: it opens the container's files, launches the container, then serves it.

use std::os::fd::{AsFd, OwnedFd};

use protocol::failure::Failure;
use protocol::launch::{LaunchRequest, Process, Sharing};
use protocol::monitor::{FromMonitor, Phase, Started};
use sandbox::host::Host;
use sandbox::launch::{self, Prepared};
use sandbox::mounts::kept_overlay::KeptOverlay;
use sandbox::ready::ReadySandbox;
use sandbox::startup::Launched;

use crate::messages;
use crate::monitor::container_files::ContainerFiles;
use crate::monitor::event_loop::Monitor;
use crate::monitor::exit_status;
use crate::monitor::input::AtEnd;
use crate::monitor::left_overlay::LeftOverlay;
use crate::monitor::orphans::Orphans;
use crate::monitor::stdio::ProgramStreams;
use crate::timestamp;

/// A launch with its descriptors.
#[derive(Debug)]
pub struct Launch {
    pub request: Box<LaunchRequest>,
    /// The channel, a socket for each attachment, and the cgroup if the request has one.
    pub descriptors: Vec<OwnedFd>,
    /// An empty network namespace for the container, if one was ready.
    pub network: Option<OwnedFd>,
    /// A /dev, if one was ready.
    pub devices: Option<OwnedFd>,
    /// The first processes of the containers that share their PID and IPC namespaces; `None` if they have ended.
    pub pid: Option<OwnedFd>,
    pub ipc: Option<OwnedFd>,
    /// An overlay of an ended container, which may be that of the container's directory.
    pub overlay: Option<KeptOverlay>,
    /// The channel to a zygote that keeps the container's overlay.
    pub zygote: Option<OwnedFd>,
    /// Time at which the request arrived, in nanoseconds of CLOCK_MONOTONIC.
    pub received_at: u64,
    /// The pipe to the zygote for the container's process id, which the zygote needs if the monitor is killed.
    pub report: OwnedFd,
}

/// Launches the container and serves it until it has ended and its clients have received all output. `ready` is a sandbox
/// that this process has prepared.
pub fn run(host: Host, mut launch: Launch, ready: Option<ReadySandbox>) {
    let forked_at = timestamp::monotonic();
    let _ = rustix::thread::set_name(c"tbox-monitor");
    if launch.descriptors.is_empty() {
        return;
    }
    let channel = launch.descriptors.remove(0);
    match begin(host, launch, ready, forked_at) {
        Ok(mut monitor) => {
            monitor.connect(channel);
            monitor.serve();
        }
        Err(failure) => {
            let _ = messages::send_waiting(channel.as_fd(), &FromMonitor::Failed(failure));
        }
    }
}

fn begin(
    host: Host,
    launch: Launch,
    ready: Option<ReadySandbox>,
    forked_at: u64,
) -> Result<Monitor, Failure> {
    let Launch {
        request,
        mut descriptors,
        network,
        devices,
        pid,
        ipc,
        overlay,
        zygote,
        received_at,
        report,
    } = launch;
    let cgroup = request.cgroup.then(|| descriptors.pop()).flatten();
    let mut files = None;
    let orphans = (request.shared.pid == Sharing::Host)
        .then(Orphans::adopt)
        .transpose()
        .map_err(|errno| Failure::of_call("monitor", "subreaper", errno))?;
    let launched = launch::launch(
        &host,
        &request,
        Prepared {
            cgroup: cgroup.as_ref().map(AsFd::as_fd),
            network: network.as_ref().map(AsFd::as_fd),
            devices: devices.as_ref().map(AsFd::as_fd),
            pid: pid.as_ref().map(AsFd::as_fd),
            ipc: ipc.as_ref().map(AsFd::as_fd),
        },
        ready.map(|ready| ready.with_overlay(overlay)),
        || {
            files = Some(ContainerFiles::open(&host, &request)?);
            Ok(())
        },
    );
    drop((network, devices, pid, ipc));
    let launched = match launched {
        Ok(launched) => launched,
        Err(failure) => {
            if let Some((files, _)) = files {
                files.remove_socket();
            }
            return Err(failure);
        }
    };
    drop(host);
    let _ = rustix::io::write(report, &exit_status::report(launched.pid));
    let started = started(&launched, received_at, forked_at);
    let (program, guard) = (launched.pid, launched.guard);
    let streams = ProgramStreams::new(launched.stdio, at_end_of_input(&request.process))?;
    // A container that may start again gives up its mounts before its end is reported: the next start mounts the same
    // directories.
    let mounts = launched.mounts.filter(|_| !request.durable_exit);
    let mut monitor = Monitor::create(files, launched.pidfd, cgroup, streams, started)
        .map_err(|errno| Failure::of_call("monitor", "epoll", errno))?;
    monitor.mounts = mounts;
    monitor.left = LeftOverlay::of(launched.overlay, zygote);
    monitor.orphans = orphans.map(|orphans| orphans.except(program));
    for (wants, socket) in request.attachments.iter().zip(descriptors) {
        monitor.attach(socket, *wants);
    }
    guard.release();
    Ok(monitor)
}

fn at_end_of_input(process: &Process) -> AtEnd {
    match process.stdin_once && process.tty.is_none() {
        true => AtEnd::Close,
        false => AtEnd::KeepOpen,
    }
}

/// Returns the message about a program that has just started. The phases are for the daemon's trace.
pub fn started(launched: &Launched, received_at: u64, forked_at: u64) -> Started {
    let mut phases = vec![
        Phase {
            name: "received".to_owned(),
            at: received_at,
        },
        Phase {
            name: "forked".to_owned(),
            at: forked_at,
        },
    ];
    phases.extend(launched.phases.iter().cloned());
    Started {
        pid: launched.pid,
        started_at: timestamp::now(),
        phases,
        marks_log: true,
    }
}
