//! The overlay of a container that its monitor leaves to the zygote.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use sandbox::mounts::kept_overlay::{KeptOverlay, Parts};
use sys::seqpacket;

use crate::messages;

/// A monitor's way to give its container's overlay to the zygote.
#[derive(Debug)]
pub struct LeftOverlay {
    pub overlay: KeptOverlay,
    pub zygote: OwnedFd,
}

impl LeftOverlay {
    pub fn of(overlay: Option<KeptOverlay>, zygote: Option<OwnedFd>) -> Option<Self> {
        let (overlay, zygote) = overlay.zip(zygote)?;
        Some(Self { overlay, zygote })
    }

    /// Gives the overlay to the zygote, which uses it if the monitor then ends without being killed. The zygote gets no overlay
    /// of a container that has left files in its directory.
    pub fn send(&self, directory: BorrowedFd<'_>) {
        let Self { overlay, zygote } = self;
        if !overlay.is_unused_in(directory) {
            return;
        }
        let mount = overlay.mount.as_fd();
        let _ = messages::send_with(zygote.as_fd(), &overlay.parts, mount);
    }
}

/// Receives the overlay that a monitor has left.
pub fn receive(monitor: BorrowedFd<'_>) -> Option<KeptOverlay> {
    let received = seqpacket::receive_ready(monitor).ok()??;
    let parts: Parts = serde_json::from_slice(&received.text).ok()?;
    let mount = received.descriptors.into_iter().next()?;
    Some(KeptOverlay { parts, mount })
}
