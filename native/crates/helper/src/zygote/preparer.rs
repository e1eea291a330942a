//! A fork of the zygote that prepares resources for containers and sends them to the zygote.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};
use sandbox::host::Host;
use sys::seqpacket;

/// The messages of a preparer. The message of a network has its namespace and its traces; the message of devices has a /dev; that
/// of traces is the number of the namespace on the bridges that has them.
pub const NETWORK: &[u8] = b"network";
pub const DEVICES: &[u8] = b"devices";

/// The resources to prepare, and the channel for them.
pub struct Preparation {
    pub channel: OwnedFd,
    pub networks: usize,
    pub devices: usize,
    /// Namespaces on the bridges whose traces are to be opened, with their numbers.
    pub untraced: Vec<(u64, OwnedFd)>,
}

impl Preparation {
    /// Prepares the resources. The first failure of a kind ends that kind.
    pub fn run(&self, host: &Host) {
        // The zygote is found by its process name, so this process takes another name.
        let _ = rustix::thread::set_name(c"tbox-preparer");
        let _ = self.open_traces();
        let _ = self.prepare_networks();
        let _ = self.prepare_devices(host);
    }

    fn open_traces(&self) -> Option<()> {
        for (number, namespace) in &self.untraced {
            sys::network_namespace::enter(namespace.as_fd()).ok()?;
            let traces = sys::network_namespace::open_traces().ok()?;
            let all: Vec<_> = traces.iter().map(AsFd::as_fd).collect();
            self.send(number.to_string().as_bytes(), &all)?;
        }
        Some(())
    }

    fn prepare_networks(&self) -> Option<()> {
        for _ in 0..self.networks {
            sys::network_namespace::enter_new().ok()?;
            sys::interface::loopback_up().ok()?;
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let namespace = openat(CWD, "/proc/self/ns/net", flags, Mode::empty()).ok()?;
            // Without traces, the namespace serves one container only.
            let traces = sys::network_namespace::open_traces().unwrap_or_default();
            let all: Vec<_> = [&namespace]
                .into_iter()
                .chain(&traces)
                .map(AsFd::as_fd)
                .collect();
            self.send(NETWORK, &all)?;
        }
        Some(())
    }

    fn prepare_devices(&self, host: &Host) -> Option<()> {
        for _ in 0..self.devices {
            let devices = sandbox::launch::prepare_devices(host).ok()?;
            self.send(DEVICES, &[devices.as_fd()])?;
        }
        Some(())
    }

    fn send(&self, kind: &[u8], resources: &[BorrowedFd<'_>]) -> Option<()> {
        let flags = seqpacket::Flags::empty();
        seqpacket::send(self.channel.as_fd(), kind, resources, flags).ok()
    }
}
