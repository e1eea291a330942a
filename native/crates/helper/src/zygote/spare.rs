//! A monitor that was forked ahead: a fork and the first steps of the new process take a tenth of a start.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::launch::LaunchRequest;
use rustix::process::Pid;
use serde::{Deserialize, Serialize};
use sys::fork::{Side, fork};
use sys::seqpacket::{self, Flags};

use crate::messages;
use crate::monitor::Order;

/// The process, which waits for its order. It ends when this is dropped.
#[derive(Debug)]
pub struct Spare {
    pid: Pid,
    channel: OwnedFd,
}

/// What a fork found itself to be.
pub enum Forked {
    Zygote(Spare),
    /// With the channel for [`await_order`].
    Spare(OwnedFd),
}

/// An order with its descriptors apart: the report's first, then those that are there, then those of the request.
#[derive(Serialize, Deserialize)]
struct Parcel<Request> {
    request: Request,
    received_at: u64,
    network: bool,
    devices: bool,
    pid: bool,
    ipc: bool,
}

impl Spare {
    /// Forks one; nothing when that fails.
    pub fn fork() -> Option<Forked> {
        let (ours, theirs) = seqpacket::pair().ok()?;
        match fork().ok()? {
            Side::Child => Some(Forked::Spare(theirs)),
            Side::Parent(pid) => Some(Forked::Zygote(Self { pid, channel: ours })),
        }
    }

    /// Gives it the order; nothing when it has died.
    pub fn hand_over(self, order: &Order) -> Option<Pid> {
        let Order {
            request,
            descriptors,
            network,
            devices,
            pid,
            ipc,
            received_at,
            report,
        } = order;
        let parcel = Parcel {
            request,
            received_at: *received_at,
            network: network.is_some(),
            devices: devices.is_some(),
            pid: pid.is_some(),
            ipc: ipc.is_some(),
        };
        let optional = [network, devices, pid, ipc].into_iter().flatten();
        let all: Vec<BorrowedFd<'_>> = std::iter::once(report)
            .chain(optional)
            .chain(descriptors)
            .map(AsFd::as_fd)
            .collect();
        let text = messages::text(&parcel);
        seqpacket::send(self.channel.as_fd(), &text, &all, Flags::DONT_WAIT).ok()?;
        Some(self.pid)
    }
}

/// Waits in the fork for what it is to do; nothing when the zygote has ended or needs it no more.
pub fn await_order(channel: &OwnedFd) -> Option<Order> {
    let received = seqpacket::receive(channel.as_fd()).ok()??;
    let parcel: Parcel<Box<LaunchRequest>> = serde_json::from_slice(&received.text).ok()?;
    let mut descriptors = received.descriptors.into_iter();
    let report = descriptors.next()?;
    let mut next = |wanted: bool| wanted.then(|| descriptors.next()).flatten();
    Some(Order {
        network: next(parcel.network),
        devices: next(parcel.devices),
        pid: next(parcel.pid),
        ipc: next(parcel.ipc),
        request: parcel.request,
        descriptors: descriptors.collect(),
        received_at: parcel.received_at,
        report,
    })
}
