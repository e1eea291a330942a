//! A monitor that is forked before a container or an exec needs it, and may prepare a sandbox for the container: forking
//! and preparing take most of the time of a start.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::launch::{ExecRequest, LaunchRequest};
use rustix::process::Pid;
use sandbox::host::Host;
use sandbox::mounts::kept_overlay::{KeptOverlay, Parts};
use sandbox::ready::{Blueprint, ReadySandbox, Resources};
use serde::{Deserialize, Serialize};
use sys::fork::{Side, fork};
use sys::seqpacket::{self, Flags};

use crate::messages;
use crate::monitor::exec::{self, Exec};
use crate::monitor::launch::{self, Launch};
use crate::zygote::prepared_network::PreparedNetwork;
use crate::zygote::spare_cgroup::{Identity, SpareCgroup};

/// A process that waits for its work. The process ends when this value is dropped.
#[derive(Debug)]
pub struct StandbyMonitor {
    pid: Pid,
    channel: OwnedFd,
    /// The network namespace that its sandbox has, if it was prepared before.
    network: Option<PreparedNetwork>,
    /// The cgroup that its sandbox is in.
    cgroup: Option<SpareCgroup>,
}

/// The process after [`StandbyMonitor::fork`].
pub enum ForkSide {
    Zygote(StandbyMonitor),
    Monitor(Standby),
}

/// State of the new process.
pub struct Standby {
    /// Channel for the work.
    channel: OwnedFd,
    /// The sandbox to prepare.
    blueprint: Option<Blueprint>,
    network: Option<OwnedFd>,
    cgroup: Option<OwnedFd>,
}

/// The text of the message with a monitor's work.
#[derive(Serialize, Deserialize)]
enum WorkMessage<Launched, Executed> {
    Launch(LaunchMessage<Launched>),
    Exec(ExecMessage<Executed>),
}

/// The work of a monitor.
enum Work {
    Launch(Launch),
    Exec(Exec),
}

/// The part of the message about an exec. The message's descriptors are, in order: the container if it is present, and those of the
/// request.
#[derive(Serialize, Deserialize)]
struct ExecMessage<Request> {
    request: Request,
    received_at: u64,
    has_container: bool,
}

/// The part of the message about a launch. The message's descriptors are, in order: the report pipe, the optional ones that are
/// present, and those of the request.
#[derive(Serialize, Deserialize)]
struct LaunchMessage<Request> {
    request: Request,
    received_at: u64,
    /// Whether `network`, `devices`, `pid` and `ipc` are present.
    present: [bool; 4],
    /// The parts of an overlay whose mount is the last descriptor.
    overlay: Option<Parts>,
}

/// A process that has a launch.
pub struct Launching {
    pub pid: Pid,
    /// The network namespace of its sandbox, if it was prepared before.
    pub network: Option<PreparedNetwork>,
    /// The channel by which it leaves the container's overlay.
    pub channel: OwnedFd,
}

impl StandbyMonitor {
    /// Forks a monitor that prepares a sandbox, if a blueprint is given. Returns `None` when that fails.
    pub fn fork(
        blueprint: Option<&Blueprint>,
        network: Option<PreparedNetwork>,
        cgroup: Option<SpareCgroup>,
    ) -> Option<ForkSide> {
        let (ours, theirs) = seqpacket::pair().ok()?;
        match fork().ok()? {
            Side::Child => Some(ForkSide::Monitor(Standby {
                channel: theirs,
                blueprint: blueprint.cloned(),
                network: network.map(|network| network.namespace),
                cgroup: cgroup.map(|cgroup| cgroup.directory),
            })),
            Side::Parent(pid) => Some(ForkSide::Zygote(Self {
                pid,
                channel: ours,
                network,
                cgroup,
            })),
        }
    }

    /// Sends the launch to the process. Returns `None` when it has died.
    pub fn send(self, launch: &Launch) -> Option<Launching> {
        let optional = [&launch.network, &launch.devices, &launch.pid, &launch.ipc];
        let message = LaunchMessage {
            request: &launch.request,
            received_at: launch.received_at,
            present: optional.map(Option::is_some),
            overlay: launch.overlay.as_ref().map(|overlay| overlay.parts.clone()),
        };
        let all: Vec<BorrowedFd<'_>> = std::iter::once(&launch.report)
            .chain(optional.into_iter().flatten())
            .chain(&launch.descriptors)
            .chain(launch.overlay.as_ref().map(|overlay| &overlay.mount))
            .map(AsFd::as_fd)
            .collect();
        let message = WorkMessage::<_, ()>::Launch(message);
        let text = messages::text(&message);
        seqpacket::send(self.channel.as_fd(), &text, &all, Flags::DONT_WAIT).ok()?;
        Some(Launching {
            pid: self.pid,
            network: self.network,
            channel: self.channel,
        })
    }

    /// Sends an exec to the process, which has no sandbox. Returns its id, or `None` when it has died.
    pub fn send_exec(self, exec: &Exec) -> Option<Pid> {
        let message = WorkMessage::<(), _>::Exec(ExecMessage {
            request: &exec.request,
            received_at: exec.received_at,
            has_container: exec.container.is_some(),
        });
        let container = exec.container.iter();
        let all: Vec<_> = container
            .chain(&exec.descriptors)
            .map(AsFd::as_fd)
            .collect();
        let text = messages::text(&message);
        seqpacket::send(self.channel.as_fd(), &text, &all, Flags::DONT_WAIT).ok()?;
        Some(self.pid)
    }

    /// Returns whether its sandbox is in this cgroup.
    pub fn is_in(&self, cgroup: Identity) -> bool {
        self.cgroup.as_ref().is_some_and(|own| own.is(cgroup))
    }

    /// Ends the process. Returns its sandbox's network namespace and cgroup.
    pub fn dismiss(self) -> (Option<PreparedNetwork>, Option<SpareCgroup>) {
        (self.network, self.cgroup)
    }
}

impl Standby {
    /// Returns the descriptors that the process keeps.
    pub fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let resources = self.network.iter().chain(&self.cgroup);
        std::iter::once(&self.channel)
            .chain(resources)
            .map(AsFd::as_fd)
            .collect()
    }

    /// Prepares the sandbox, waits for work and does the monitor's work.
    pub fn run(self, host: Host) {
        let _ = rustix::thread::set_name(c"tbox-standby");
        let Self {
            channel,
            blueprint,
            network,
            cgroup,
        } = self;
        let prepared = match blueprint {
            None => Ok((None, channel)),
            Some(blueprint) => {
                let resources = Resources {
                    network: network.as_ref().map(AsFd::as_fd),
                    cgroup: cgroup.as_ref().map(AsFd::as_fd),
                };
                ReadySandbox::prepare(&host, blueprint, resources, channel)
                    .map(|(ready, channel)| (Some(ready), channel))
            }
        };
        // The zygote does not use a monitor that has ended.
        let Ok((ready, channel)) = prepared else {
            return;
        };
        drop((network, cgroup));
        match receive_work(&channel) {
            Some(Work::Launch(mut launch)) => {
                launch.zygote = Some(channel);
                launch::run(host, launch, ready);
            }
            Some(Work::Exec(exec)) => {
                drop(channel);
                exec::run(host, exec);
            }
            None => {}
        }
    }
}

/// Waits for work. Returns `None` when the zygote has ended or needs the process no longer.
fn receive_work(channel: &OwnedFd) -> Option<Work> {
    let received = seqpacket::receive(channel.as_fd()).ok()??;
    let message: WorkMessage<Box<LaunchRequest>, Box<ExecRequest>> =
        serde_json::from_slice(&received.text).ok()?;
    let descriptors = received.descriptors;
    match message {
        WorkMessage::Launch(message) => launch_of(message, descriptors).map(Work::Launch),
        WorkMessage::Exec(message) => Some(Work::Exec(exec_of(message, descriptors))),
    }
}

fn exec_of(message: ExecMessage<Box<ExecRequest>>, descriptors: Vec<OwnedFd>) -> Exec {
    let mut descriptors = descriptors.into_iter();
    Exec {
        request: message.request,
        container: match message.has_container {
            true => descriptors.next(),
            false => None,
        },
        descriptors: descriptors.collect(),
        received_at: message.received_at,
    }
}

fn launch_of(
    message: LaunchMessage<Box<LaunchRequest>>,
    descriptors: Vec<OwnedFd>,
) -> Option<Launch> {
    let mut descriptors = descriptors.into_iter();
    let report = descriptors.next()?;
    let mut next = |present: bool| present.then(|| descriptors.next()).flatten();
    let [network, devices, pid, ipc] = message.present.map(&mut next);
    let mut descriptors: Vec<OwnedFd> = descriptors.collect();
    let overlay = message.overlay.and_then(|parts| {
        let mount = descriptors.pop()?;
        Some(KeptOverlay { parts, mount })
    });
    Some(Launch {
        request: message.request,
        overlay,
        zygote: None,
        descriptors,
        network,
        devices,
        pid,
        ipc,
        received_at: message.received_at,
        report,
    })
}
