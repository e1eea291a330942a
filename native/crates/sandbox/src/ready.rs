//! Sandboxes that are prepared before a container needs them. The container's first process waits in its namespaces, with
//! the kernel's files mounted in an empty root from which nothing of the host can be reached. A start adds what the
//! request decides: the root, other mounts, the names and the program.

mod blueprint;
mod first_process;
mod order;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::LaunchRequest;
use sys::clone::{Child, Namespaces, clone3};
use sys::seqpacket;

use crate::failure::{explained, refused_clone};
use crate::host::Host;
use crate::mounts::kept_overlay::KeptOverlay;
use crate::report::{self, Report};
use crate::startup::{Launched, follow, kill};

pub use blueprint::Blueprint;
use first_process::FirstProcess;
use order::{MonitorSide, Order};

/// A waiting first process. It is killed when this value is dropped.
#[derive(Debug)]
pub struct ReadySandbox {
    /// `None` once the process has its order.
    child: Option<Child>,
    channel: OwnedFd,
    blueprint: Blueprint,
    /// An overlay of an ended container, which may be that of the container's directory.
    overlay: Option<KeptOverlay>,
}

/// Resources that exist before the sandbox that uses them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Resources<'resources> {
    /// An unused network namespace; without one, a sandbox that needs one creates it.
    pub network: Option<BorrowedFd<'resources>>,
    /// The cgroup of a sandbox that needs one.
    pub cgroup: Option<BorrowedFd<'resources>>,
}

/// A prepared sandbox that has its order.
pub(crate) struct Begun {
    child: Child,
    channel: OwnedFd,
    monitor: MonitorSide,
}

impl ReadySandbox {
    /// Creates a sandbox and waits until it is ready. Call it in the process that becomes the container's monitor.
    /// Only the calling process keeps `channel`, so that the channel closes if the monitor dies before its sandbox.
    pub fn prepare(
        host: &Host,
        blueprint: Blueprint,
        Resources { network, cgroup }: Resources<'_>,
        channel: OwnedFd,
    ) -> Result<(Self, OwnedFd), Failure> {
        let (ours, theirs) =
            seqpacket::pair().map_err(|error| explained(FailureKind::System, "report", error))?;
        let mut namespaces =
            Namespaces::MOUNT | Namespaces::PID | Namespaces::IPC | Namespaces::UTS;
        // A cgroup namespace created by the clone has the monitor's cgroup as its root.
        namespaces.set(Namespaces::CGROUP, !blueprint.cgroup);
        let creates_network = blueprint.private_network && network.is_none();
        namespaces.set(Namespaces::NETWORK, creates_network);
        let first = FirstProcess {
            host,
            blueprint: &blueprint,
            network,
            channel: theirs.as_fd(),
        };
        let kept = (ours, channel);
        let (child, (ours, channel)) = clone3(namespaces, cgroup, kept, || first.run())
            .map_err(|error| refused_clone("namespaces", &error))?;
        drop(theirs);
        let sandbox = Self {
            child: Some(child),
            channel: ours,
            blueprint,
            overlay: None,
        };
        match report::receive(sandbox.channel.as_fd())? {
            Some((Report::Ready, _)) => Ok((sandbox, channel)),
            Some((Report::Failed { failure }, _)) => Err(failure),
            _ => Err(explained(
                FailureKind::System,
                "launch",
                "a prepared sandbox died",
            )),
        }
    }

    /// Adds an overlay of an ended container, which may be that of the container's directory.
    pub fn with_overlay(mut self, overlay: Option<KeptOverlay>) -> Self {
        self.overlay = overlay;
        self
    }

    /// Begins a start. Returns `None` if the sandbox does not suit the request or has died: the container is started step
    /// by step then, which also explains a request that cannot be fulfilled.
    pub(crate) fn begin(
        mut self,
        host: &Host,
        request: &LaunchRequest,
        network: Option<BorrowedFd<'_>>,
    ) -> Option<Begun> {
        if Blueprint::of(request).as_ref() != Some(&self.blueprint) {
            return None;
        }
        // A private namespace is the sandbox's own.
        let network = network.filter(|_| !self.blueprint.private_network);
        if network.is_none() != self.blueprint.private_network {
            return None;
        }
        let (order, monitor) = Order::prepare(host, request, self.overlay.take())?;
        order.send(self.channel.as_fd(), network)?;
        let child = self.child.take()?;
        let channel = self.channel.try_clone().ok()?;
        Some(Begun {
            child,
            channel,
            monitor,
        })
    }
}

impl Drop for ReadySandbox {
    fn drop(&mut self) {
        if let Some(child) = &self.child {
            kill(child.pidfd.as_fd());
        }
    }
}

impl Begun {
    /// Waits until the program was executed.
    pub fn follow(
        self,
        host: &Host,
        get_ready: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Launched, Failure> {
        let Self {
            child,
            channel,
            monitor,
        } = self;
        if let Err(failure) = get_ready() {
            kill(child.pidfd.as_fd());
            return Err(failure);
        }
        report::resume(channel.as_fd());
        let MonitorSide { streams, overlay } = monitor;
        let launched = follow(channel.as_fd(), child, host, streams, Vec::new())?;
        Ok(Launched {
            overlay,
            ..launched
        })
    }
}
