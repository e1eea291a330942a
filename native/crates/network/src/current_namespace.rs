//! The network namespace of the calling thread.

use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags, openat, stat};
use rustix::io::Errno;

pub fn open() -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    openat(CWD, "/proc/thread-self/ns/net", flags, Mode::empty())
}

/// Returns a number that no other namespace has: the inode of a file in /proc/net. All processes in the namespace see
/// the same number.
pub fn inode() -> Result<u64, Errno> {
    Ok(stat("/proc/thread-self/net/dev")?.st_ino)
}

/// Sets kernel parameters below `/proc/sys/net`. A parameter that does not exist is left out: the defaults of a kernel
/// without it are sufficient.
pub fn set_parameters(parameters: &[(&str, &str)]) {
    for (name, value) in parameters {
        let _ = std::fs::write(format!("/proc/sys/net/{name}"), value);
    }
}
