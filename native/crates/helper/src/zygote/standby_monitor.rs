//! A monitor that is forked before a container needs it: forking and the first steps of the new process take a tenth of
//! a container's start.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::launch::LaunchRequest;
use rustix::process::Pid;
use serde::{Deserialize, Serialize};
use sys::fork::{Side, fork};
use sys::seqpacket::{self, Flags};

use crate::messages;
use crate::monitor::launch::Launch;

/// A process that waits for its launch. The process ends when this value is dropped.
#[derive(Debug)]
pub struct StandbyMonitor {
    pid: Pid,
    channel: OwnedFd,
}

/// The process after [`StandbyMonitor::fork`].
pub enum ForkSide {
    Zygote(StandbyMonitor),
    /// The new process, with the channel for [`receive_launch`].
    Monitor(OwnedFd),
}

/// The text of a launch message. The message's descriptors are, in order: the report pipe, the optional ones that are
/// present, and those of the request.
#[derive(Serialize, Deserialize)]
struct LaunchMessage<Request> {
    request: Request,
    received_at: u64,
    /// Whether `network`, `devices`, `pid` and `ipc` are present.
    present: [bool; 4],
}

impl StandbyMonitor {
    /// Forks a monitor. Returns `None` when that fails.
    pub fn fork() -> Option<ForkSide> {
        let (ours, theirs) = seqpacket::pair().ok()?;
        match fork().ok()? {
            Side::Child => Some(ForkSide::Monitor(theirs)),
            Side::Parent(pid) => Some(ForkSide::Zygote(Self { pid, channel: ours })),
        }
    }

    /// Sends the launch to the process. Returns its id, or `None` when it has died.
    pub fn send(self, launch: &Launch) -> Option<Pid> {
        let optional = [&launch.network, &launch.devices, &launch.pid, &launch.ipc];
        let message = LaunchMessage {
            request: &launch.request,
            received_at: launch.received_at,
            present: optional.map(Option::is_some),
        };
        let all: Vec<BorrowedFd<'_>> = std::iter::once(&launch.report)
            .chain(optional.into_iter().flatten())
            .chain(&launch.descriptors)
            .map(AsFd::as_fd)
            .collect();
        let text = messages::text(&message);
        seqpacket::send(self.channel.as_fd(), &text, &all, Flags::DONT_WAIT).ok()?;
        Some(self.pid)
    }
}

/// Waits in the new process for its launch. Returns `None` when the zygote has ended or needs the process no longer.
pub fn receive_launch(channel: &OwnedFd) -> Option<Launch> {
    let received = seqpacket::receive(channel.as_fd()).ok()??;
    let message: LaunchMessage<Box<LaunchRequest>> = serde_json::from_slice(&received.text).ok()?;
    let mut descriptors = received.descriptors.into_iter();
    let report = descriptors.next()?;
    let mut next = |present: bool| present.then(|| descriptors.next()).flatten();
    let [network, devices, pid, ipc] = message.present.map(&mut next);
    Some(Launch {
        request: message.request,
        descriptors: descriptors.collect(),
        network,
        devices,
        pid,
        ipc,
        received_at: message.received_at,
        report,
    })
}
