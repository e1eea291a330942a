//! Mount namespaces whose mounts no other namespace sees.

use std::os::fd::OwnedFd;

use protocol::failure::Failure;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{MountPropagationFlags, mount_change};

use crate::failure::system;

/// Stops the propagation of mounts to and from other namespaces.
pub fn isolate() -> Result<(), Failure> {
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
    .map_err(|errno| system("isolate-mounts", "/", errno))
}

/// Opens the mount namespace of this process, while paths are the host's. `None` where there is no /proc.
pub fn open_own_namespace() -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    openat(CWD, "/proc/self/ns/mnt", flags, Mode::empty()).ok()
}

/// Moves the process, which must have one thread, into a new isolated mount namespace.
pub fn enter_new_namespace() -> Result<(), Failure> {
    sys::namespaces::enter_new_mounts().map_err(|errno| system("namespaces", "mount", errno))?;
    isolate()
}
