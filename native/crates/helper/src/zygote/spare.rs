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

/// An order without its descriptors: those come with it, the report's first, then of the optional ones those that are
/// there, then those of the request.
#[derive(Serialize, Deserialize)]
struct Parcel<Request> {
    request: Request,
    received_at: u64,
    /// Which of `network`, `devices`, `pid` and `ipc` are.
    present: [bool; 4],
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
        let optional = [&order.network, &order.devices, &order.pid, &order.ipc];
        let parcel = Parcel {
            request: &order.request,
            received_at: order.received_at,
            present: optional.map(Option::is_some),
        };
        let all: Vec<BorrowedFd<'_>> = std::iter::once(&order.report)
            .chain(optional.into_iter().flatten())
            .chain(&order.descriptors)
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
    let mut next = |present: bool| present.then(|| descriptors.next()).flatten();
    let [network, devices, pid, ipc] = parcel.present.map(&mut next);
    Some(Order {
        request: parcel.request,
        descriptors: descriptors.collect(),
        network,
        devices,
        pid,
        ipc,
        received_at: parcel.received_at,
        report,
    })
}
