//! A container's root for a worker that copies files out of it or into it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Root;
use protocol::work::ContainerView;
use rustix::fs::{CWD, Mode, OFlags, openat};
use sys::clone::Namespaces;

use crate::failure::{explained, system};
use crate::host::Host;
use crate::steps::root::Store;
use crate::steps::{root, volumes};

/// Opens the root: of a container that runs in the container's own mount namespace, which this process joins;
/// of another one mounted in a new namespace, as at its next start. The process must have one thread.
pub fn open_root(
    host: &Host,
    view: &ContainerView,
    running: Option<BorrowedFd<'_>>,
) -> Result<OwnedFd, Failure> {
    rustix::process::umask(Mode::from_raw_mode(0o022));
    if view.running {
        let container = running.ok_or_else(|| {
            let message = format!("container {} is not running", view.id);
            explained(FailureKind::NotRunning, "container", message)
        })?;
        sys::namespaces::join(container, Namespaces::MOUNT)
            .map_err(|errno| system("container", "namespaces", errno))?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        return openat(CWD, "/", flags, Mode::empty())
            .map_err(|errno| system("container", "/", errno));
    }
    if let Root::Directory { .. } = view.root {
        let message = "a container on a directory of the host keeps nothing when it does not run";
        return Err(explained(FailureKind::NotRunning, "container", message));
    }
    sys::namespaces::enter_new_mounts().map_err(|errno| system("namespaces", "mount", errno))?;
    root::isolate()?;
    let store = Store::open(host.store_path(), &view.id)?;
    let mounts = volumes::open_volumes(&store, &view.mounts)?;
    let opened = root::mount_root(&store, &view.root)?;
    volumes::attach_volumes(opened.as_fd(), &mounts)?;
    Ok(opened)
}
