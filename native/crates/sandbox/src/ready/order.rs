//! The order of a monitor to a prepared sandbox: the part of a request that the sandbox does not have yet. The monitor
//! opens all sources, because the sandbox sees no files of the host.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::launch::{LaunchRequest, Process};
use serde::{Deserialize, Serialize};
use sys::seqpacket::{self, Flags};

use crate::host::Host;
use crate::mounts::kept_overlay::KeptOverlay;
use crate::mounts::kernel_mounts;
use crate::program::Place;
use crate::steps::additional_mounts::{self, AdditionalMount};
use crate::steps::root::{self, DetachedRoot};
use crate::steps::terminal::{self, MonitorStreams, ProgramStreams};
use crate::store::Store;

/// The text of an order. The message's descriptors are, in order: the root, the network namespace if it is given, the
/// standard streams unless there is a terminal, and the mounts.
#[derive(Debug, Serialize, Deserialize)]
struct Text<Program> {
    process: Program,
    place: Place,
    has_network: bool,
    /// Sources, as messages name them, and mount points.
    mounts: Vec<(String, String)>,
}

/// An order before it is sent.
#[derive(Debug)]
pub struct Order<'request> {
    process: &'request Process,
    place: Place,
    root: OwnedFd,
    streams: ProgramStreams,
    mounts: Vec<AdditionalMount>,
}

/// The monitor's part of an order.
#[derive(Debug)]
pub struct MonitorSide {
    pub streams: Option<MonitorStreams>,
    pub overlay: Option<KeptOverlay>,
}

/// An order as the sandbox receives it.
#[derive(Debug)]
pub struct Received {
    pub process: Process,
    pub place: Place,
    pub root: OwnedFd,
    pub network: Option<OwnedFd>,
    pub streams: ProgramStreams,
    pub mounts: Vec<AdditionalMount>,
}

impl<'request> Order<'request> {
    /// Opens everything that the order needs. Returns `None` if that fails, or if a mount could uncover a protected path.
    ///
    /// `kept` may be the overlay of the container's directory. The overlay is returned for the next container if no process
    /// outside this one can use it.
    pub fn prepare(
        host: &Host,
        request: &'request LaunchRequest,
        kept: Option<KeptOverlay>,
    ) -> Option<(Self, MonitorSide)> {
        let store = Store::open(host.store_path(), &request.id).ok()?;
        let mounts = additional_mounts::open(&store, &request.mounts).ok()?;
        // A sandbox's protected paths are covered already. Nothing may be mounted over /proc and /sys after that.
        for mount in &mounts {
            if kernel_mounts::may_cover(mount.as_fd(), mount.source()).ok()? {
                return None;
            }
        }
        let keep = request.isolated && !request.durable_exit;
        let DetachedRoot { mount, overlay } =
            root::create_root(&store, &request.root, kept, keep).ok()?;
        additional_mounts::fill(mount.as_fd(), &mounts).ok()?;
        let (streams, own_streams) = terminal::create(&request.process).ok()?;
        let order = Self {
            process: &request.process,
            place: Place::of(request),
            root: mount,
            streams,
            mounts,
        };
        let monitor = MonitorSide {
            streams: own_streams,
            overlay,
        };
        Some((order, monitor))
    }

    /// Sends the order. Returns `None` if the sandbox has died or the order is too large.
    pub fn send(self, channel: BorrowedFd<'_>, network: Option<BorrowedFd<'_>>) -> Option<()> {
        let text = Text {
            process: self.process,
            place: self.place,
            has_network: network.is_some(),
            mounts: self.mounts.iter().map(AdditionalMount::names).collect(),
        };
        let mut descriptors = vec![self.root.as_fd()];
        descriptors.extend(network);
        if let ProgramStreams::Pipes {
            stdin,
            stdout,
            stderr,
        } = &self.streams
        {
            descriptors.extend([stdin.as_fd(), stdout.as_fd(), stderr.as_fd()]);
        }
        descriptors.extend(self.mounts.iter().map(AsFd::as_fd));
        let text = serde_json::to_vec(&text).ok()?;
        seqpacket::send(channel, &text, &descriptors, Flags::DONT_WAIT).ok()
    }
}

impl Received {
    /// Waits for the order. Returns `None` if the monitor has ended or no longer needs the sandbox.
    pub fn wait(channel: BorrowedFd<'_>) -> Option<Self> {
        let received = seqpacket::receive(channel).ok()??;
        let text: Text<Process> = serde_json::from_slice(&received.text).ok()?;
        let mut descriptors = received.descriptors.into_iter();
        let root = descriptors.next()?;
        let network = match text.has_network {
            true => Some(descriptors.next()?),
            false => None,
        };
        let streams = match text.process.tty {
            Some(size) => ProgramStreams::Terminal(size),
            None => ProgramStreams::Pipes {
                stdin: descriptors.next()?,
                stdout: descriptors.next()?,
                stderr: descriptors.next()?,
            },
        };
        let mounts = text.mounts.into_iter().zip(descriptors);
        Some(Self {
            process: text.process,
            place: text.place,
            root,
            network,
            streams,
            mounts: mounts
                .map(|((source, target), mount)| AdditionalMount::opened(mount, source, target))
                .collect(),
        })
    }
}
