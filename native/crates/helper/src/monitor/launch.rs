//! A monitor's beginning: everything that can fail, then the container, then its service.

use std::os::fd::{AsFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{LaunchRequest, Log, Sharing};
use protocol::monitor::{FromMonitor, Phase, Started};
use rustix::fs::{AtFlags, Mode, OFlags, fcntl_getfl, fcntl_setfl, openat, unlinkat};
use rustix::io::Errno;
use sandbox::host::Host;
use sandbox::launch::{Prepared, launch};
use sandbox::startup::{Launched, Stdio};
use sys::seqpacket;

use crate::failure;
use crate::messages;
use crate::monitor::exit;
use crate::monitor::input::AtEnd;
use crate::monitor::log::{self, JsonLog};
use crate::monitor::orphans::Orphans;
use crate::monitor::serve::{Monitor, Place, Streams};
use crate::timestamp;

/// What the zygote forks a monitor for.
#[derive(Debug)]
pub struct Order {
    pub request: Box<LaunchRequest>,
    /// The channel, the attachments' sockets, the cgroup: their number fits the request.
    pub descriptors: Vec<OwnedFd>,
    /// An empty network namespace for the container, if one was ready.
    pub network: Option<OwnedFd>,
    /// A /dev, if one was ready.
    pub devices: Option<OwnedFd>,
    /// First processes of the containers whose namespaces are shared; nothing when they have ended.
    pub pid: Option<OwnedFd>,
    pub ipc: Option<OwnedFd>,
    /// When the request arrived, in nanoseconds of CLOCK_MONOTONIC.
    pub received_at: u64,
    /// Tells the zygote which container is this monitor's, should the monitor be killed.
    pub report: OwnedFd,
}

/// Launches the container and serves it until it has ended and its clients have everything.
pub fn run(host: Host, mut order: Order) {
    let forked_at = timestamp::monotonic();
    let _ = rustix::thread::set_name(c"tbox-monitor");
    if order.descriptors.is_empty() {
        return;
    }
    let channel = order.descriptors.remove(0);
    let begun = begin(host, order, forked_at);
    match begun {
        Ok(mut monitor) => {
            monitor.connect(channel);
            monitor.serve();
        }
        Err(failure) => {
            let _ = messages::send_waiting(channel.as_fd(), &FromMonitor::Failed(failure));
        }
    }
}

fn begin(host: Host, order: Order, forked_at: u64) -> Result<Monitor, Failure> {
    let Order {
        request,
        mut descriptors,
        network,
        devices,
        pid,
        ipc,
        received_at,
        report,
    } = order;
    let cgroup = request.cgroup.then(|| descriptors.pop()).flatten();
    let mut place = None;
    let orphans = (request.shared.pid == Sharing::Host)
        .then(Orphans::adopt)
        .transpose()
        .map_err(|errno| failure::system("monitor", "subreaper", errno))?;
    let launched = launch(
        &host,
        &request,
        Prepared {
            cgroup: cgroup.as_ref().map(AsFd::as_fd),
            network: network.as_ref().map(AsFd::as_fd),
            devices: devices.as_ref().map(AsFd::as_fd),
            pid: pid.as_ref().map(AsFd::as_fd),
            ipc: ipc.as_ref().map(AsFd::as_fd),
        },
        || {
            place = Some(prepare(&host, &request)?);
            Ok(())
        },
    );
    drop((network, devices, pid, ipc));
    let launched = match launched {
        Ok(launched) => launched,
        Err(failure) => {
            if let Some(Place {
                sockets,
                socket_name,
                ..
            }) = place
            {
                let _ = unlinkat(sockets, socket_name, AtFlags::empty());
            }
            return Err(failure);
        }
    };
    drop(host);
    let _ = rustix::io::write(&report, &exit::report(launched.pid));
    drop(report);
    let started = Started {
        pid: launched.pid,
        started_at: timestamp::now(),
        phases: phases(&launched, received_at, forked_at),
    };
    let program = launched.pid;
    let at_end = match request.process.stdin_once && request.process.tty.is_none() {
        true => AtEnd::Close,
        false => AtEnd::KeepOpen,
    };
    let streams = streams(launched.stdio, at_end)?;
    let mut monitor = Monitor::create(place, launched.pidfd, cgroup, streams, started)
        .map_err(|errno| failure::system("monitor", "epoll", errno))?;
    monitor.orphans = orphans.map(|orphans| orphans.except(program));
    for (wants, socket) in request.attachments.iter().zip(descriptors) {
        monitor.attach(socket, *wants);
    }
    Ok(monitor)
}

/// Opens what the monitor needs beside the container, so that nothing can fail once its program runs.
fn prepare(host: &Host, request: &LaunchRequest) -> Result<Place, Failure> {
    let container = host.container_directory(&request.id)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let directory = openat(&container, ".", flags, Mode::empty())
        .map_err(|errno| failure::system("container-directory", &request.id, errno))?;
    exit::remove_record(directory.as_fd())
        .map_err(|errno| failure::system("exit-record", "exit.json", errno))?;
    let log = match request.log {
        Log::None => None,
        Log::JsonFile { max_size, max_file } => {
            let log = JsonLog::open(directory.as_fd(), max_size, max_file);
            let log = log.map_err(|error| failure::explained(FailureKind::System, "log", error))?;
            log::remove_surplus(&log);
            Some(log)
        }
    };
    let sockets = openat(host.run(), "monitors", flags, Mode::empty())
        .map_err(|errno| failure::system("monitor-socket", "monitors", errno))?;
    let socket_name = format!("{}.sock", request.id.get(..32).unwrap_or(&request.id));
    let listener = seqpacket::listen(sockets.as_fd(), &socket_name, 64)
        .map_err(|error| failure::explained(FailureKind::System, "monitor-socket", error))?;
    Ok(Place {
        directory,
        log,
        sockets,
        socket_name,
        listener,
        durable_exit: request.durable_exit,
    })
}

pub(super) fn phases(launched: &Launched, received_at: u64, forked_at: u64) -> Vec<Phase> {
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
    phases
}

pub(super) fn streams(stdio: Stdio, at_end: AtEnd) -> Result<Streams, Failure> {
    let explain = |errno| failure::system("streams", "standard streams", errno);
    let streams = match stdio {
        Stdio::Pipes {
            stdin,
            stdout,
            stderr,
        } => {
            for descriptor in [Some(&stdout), Some(&stderr), stdin.as_ref()]
                .into_iter()
                .flatten()
            {
                never_wait(descriptor).map_err(explain)?;
            }
            Streams {
                stdin,
                stdout,
                stderr: Some(stderr),
                terminal: None,
                at_end,
            }
        }
        Stdio::Terminal(terminal) => {
            never_wait(&terminal).map_err(explain)?;
            let copy = || rustix::io::fcntl_dupfd_cloexec(&terminal, 3);
            Streams {
                stdin: Some(copy().map_err(explain)?),
                stdout: copy().map_err(explain)?,
                stderr: None,
                terminal: Some(terminal),
                at_end,
            }
        }
    };
    Ok(streams)
}

fn never_wait(descriptor: &OwnedFd) -> Result<(), Errno> {
    fcntl_setfl(descriptor, fcntl_getfl(descriptor)? | OFlags::NONBLOCK)
}
