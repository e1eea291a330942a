//! Containers that a dead zygote has started. Their monitors know their first processes, which lead to the user
//! namespace of the dead zygote.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use protocol::VERSION;
use protocol::monitor::FromMonitor;
use protocol::zygote::Mapping;
use rustix::fs::{Dir, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use serde::{Deserialize, Serialize};
use sys::{pidfd, seqpacket, user_namespace};

use crate::messages;

/// Longest wait for a monitor's first message.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(1);

/// A zygote's record about itself in the store.
#[derive(Debug, Serialize, Deserialize)]
pub struct ZygoteRecord {
    pub pid: u32,
    pub mapping: Mapping,
}

impl ZygoteRecord {
    pub fn write(&self, store: BorrowedFd<'_>) -> Result<(), Errno> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = openat(store, record_name(), flags, Mode::from_raw_mode(0o600))?;
        rustix::io::write(&file, messages::text(self).as_slice()).map(drop)
    }

    /// Reads the record of the last zygote, which may have had another protocol version.
    pub fn read(store: BorrowedFd<'_>) -> Option<Self> {
        let own = record_name();
        let others = Dir::read_from(store).ok()?.flatten().filter_map(|entry| {
            let name = entry.file_name().to_str().ok()?;
            let is_other = name.starts_with("zygote-") && name.ends_with(".json");
            is_other.then(|| name.to_owned())
        });
        std::iter::once(own)
            .chain(others)
            .find_map(|name| Self::read_file(store, &name))
    }

    fn read_file(store: BorrowedFd<'_>, name: &str) -> Option<Self> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = openat(store, name, flags, Mode::empty()).ok()?;
        let mut text = Vec::new();
        std::fs::File::from(file).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

fn record_name() -> String {
    format!("zygote-{VERSION}.json")
}

/// Returns the first process of a container, which its monitor reports.
pub fn container(run: BorrowedFd<'_>, id: &str) -> Option<OwnedFd> {
    first_process(&monitors(run)?, &format!("{}.sock", id.get(..32)?))
        .map(|(descriptor, _)| descriptor)
}

/// Returns the user namespace of the zygote that started the containers that are still running.
pub fn user_namespace(run: BorrowedFd<'_>) -> Option<OwnedFd> {
    let monitors = monitors(run)?;
    let entries = Dir::read_from(&monitors).ok()?;
    entries.flatten().find_map(|entry| {
        let name = entry.file_name().to_str().ok()?;
        let (_process, pid) = name
            .ends_with(".sock")
            .then(|| first_process(&monitors, name))??;
        user_namespace::child_of_own(pid)
    })
}

fn monitors(run: BorrowedFd<'_>) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    openat(run, "monitors", flags, Mode::empty()).ok()
}

/// Returns the first process of the container whose monitor listens on the socket.
fn first_process(monitors: &OwnedFd, socket: &str) -> Option<(OwnedFd, u32)> {
    let channel = seqpacket::connect(monitors.as_fd(), socket).ok()?;
    let monitor = socket_peercred(&channel).ok()?.pid;
    set_socket_timeout(&channel, Timeout::Recv, Some(RECEIVE_TIMEOUT)).ok()?;
    let received = seqpacket::receive(channel.as_fd()).ok()??;
    let FromMonitor::Started(started) = messages::parse(&received.text, "from a monitor").ok()?
    else {
        return None;
    };
    let process = pidfd::open(started.pid, None).ok()?;
    // Another process may have the id by now, but that one has another parent.
    let parent = pidfd::parent(started.pid).and_then(|parent| i32::try_from(parent).ok());
    (parent == Some(monitor.as_raw_nonzero().get())).then_some((process, started.pid))
}
