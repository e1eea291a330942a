//! A fork of the zygote that makes what containers need ahead, and passes it on.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};
use sandbox::host::Host;
use sys::seqpacket;

/// What the messages of a maker say, each with one descriptor.
pub const NETWORK: &[u8] = b"network";
const DEVICES: &[u8] = b"devices";

/// How many of each are to be made, and the channel for them.
pub struct Commission {
    pub channel: OwnedFd,
    pub networks: usize,
    pub devices: usize,
}

impl Commission {
    /// Makes them, as far as that succeeds.
    pub fn carry_out(&self, host: &Host) {
        // Not to be taken for the zygote.
        let _ = rustix::thread::set_name(c"tbox-ready");
        let _ = self.make_networks();
        let _ = self.make_devices(host);
    }

    fn make_networks(&self) -> Option<()> {
        for _ in 0..self.networks {
            sys::network_namespace::enter_new().ok()?;
            sys::interface::loopback_up().ok()?;
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let namespace = openat(CWD, "/proc/self/ns/net", flags, Mode::empty()).ok()?;
            self.pass_on(NETWORK, namespace)?;
        }
        Some(())
    }

    fn make_devices(&self, host: &Host) -> Option<()> {
        for _ in 0..self.devices {
            let devices = sandbox::launch::prepare_devices(host).ok()?;
            self.pass_on(DEVICES, devices)?;
        }
        Some(())
    }

    fn pass_on(&self, kind: &[u8], made: OwnedFd) -> Option<()> {
        let flags = seqpacket::Flags::empty();
        seqpacket::send(self.channel.as_fd(), kind, &[made.as_fd()], flags).ok()
    }
}
