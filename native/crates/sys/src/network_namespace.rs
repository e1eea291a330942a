//! Moves between network namespaces.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::{Errno, pread, write};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

use crate::errno;
use crate::namespace_limits;

/// The kernel's request for the network namespace of a socket (linux/sockios.h).
pub const SIOCGSKNS: libc::Ioctl = 0x894c;

/// Moves the calling thread into a new network namespace, owned by its user namespace.
pub fn enter_new() -> Result<(), Errno> {
    namespace_limits::within(|| {
        // SAFETY: the descriptor table is not unshared.
        unsafe { unshare_unsafe(UnshareFlags::NEWNET) }
    })
}

/// Moves the calling thread into a network namespace by its descriptor.
pub fn enter(namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))
}

/// Files below /proc/net in which a use of the namespace leaves something without NET_ADMIN: packets, attempts to send one without
/// a route, flow labels, which stay for up to a minute, Unix sockets that the kernel has not collected yet, and the number of
/// sockets.
const TRACES: [&str; 6] = ["dev", "snmp", "snmp6", "ip6_flowlabel", "unix", "sockstat"];

/// The number of sockets of a namespace. The lines after it also count those of other namespaces.
const SOCKETS: &[u8] = b"sockets: used ";

/// Parameters with which the end of a socket cancels the reports about its multicast groups. The kernel sends those of later
/// versions after the end of the process, when the namespace may belong to another container.
const GROUP_REPORTS: [(&str, &str); 2] = [
    ("ipv4/conf/all/force_igmp_version", "2"),
    ("ipv6/conf/all/force_mld_version", "1"),
];

/// Prepares the caller's network namespace for [`read_traces`], and opens the files that tell whether it was used. They show
/// this namespace in every process. Those of protocols that the kernel lacks are left out.
pub fn open_traces() -> Result<Vec<OwnedFd>, Errno> {
    for (name, value) in GROUP_REPORTS {
        match set_parameter(name, value) {
            Err(Errno::NOENT) => {}
            result => result?,
        }
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let open = |name| {
        let path = format!("/proc/thread-self/net/{name}");
        openat(CWD, path, flags, Mode::empty())
    };
    let opened = TRACES.into_iter().map(open);
    opened
        .filter(|file| !matches!(file, Err(Errno::NOENT)))
        .collect()
}

fn set_parameter(name: &str, value: &str) -> Result<(), Errno> {
    let path = format!("/proc/sys/net/{name}");
    let file = openat(CWD, path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    write(&file, value.as_bytes()).map(drop)
}

/// Returns the texts of the files of [`open_traces`] one after the other; `None` if one cannot be read as a whole.
pub fn read_traces(traces: &[OwnedFd]) -> Option<Vec<u8>> {
    let mut texts = Vec::new();
    let mut text = [0; 16 * 1024];
    for trace in traces {
        let length = pread(trace, &mut text, 0).ok()?;
        if length == text.len() {
            return None;
        }
        texts.extend_from_slice(of_this_namespace(&text[..length]));
    }
    Some(texts)
}

fn of_this_namespace(text: &[u8]) -> &[u8] {
    match text.starts_with(SOCKETS) {
        true => text.split(|byte| *byte == b'\n').next().unwrap_or(text),
        false => text,
    }
}

/// Returns the network namespace in which a socket was created. Requires CAP_NET_ADMIN over it.
pub fn of_socket(socket: impl AsFd) -> Result<OwnedFd, Errno> {
    // SAFETY: the request takes no argument and returns a new descriptor.
    let raw = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), SIOCGSKNS) };
    if raw < 0 {
        return Err(errno::last());
    }
    // SAFETY: the kernel has just returned this descriptor and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}
