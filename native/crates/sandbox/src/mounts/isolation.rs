//! Mount namespaces whose mounts no other namespace sees.

use protocol::failure::Failure;
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

/// Moves the process, which must have one thread, into a new isolated mount namespace.
pub fn enter_new_namespace() -> Result<(), Failure> {
    sys::namespaces::enter_new_mounts().map_err(|errno| system("namespaces", "mount", errno))?;
    isolate()
}
