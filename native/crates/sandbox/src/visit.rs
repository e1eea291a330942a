//! A container's root for a worker that copies files out of it or into it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{FileTree, Root};
use protocol::work::ContainerView;
use rustix::fs::{CWD, Mode, OFlags, openat};
use sys::clone::Namespaces;

use crate::failure::{explained, system};
use crate::host::Host;
use crate::steps::root::Store;
use crate::steps::{root, volumes};
use crate::trees::{self, OpenTrees};

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
    enter(view)?;
    let store = Store::open(host.store_path(), &view.id)?;
    mount(&store, view)
}

/// Opens the root of a container that does not run, and the trees that files are copied from.
pub fn open_with_trees<'t>(
    host: &Host,
    view: &ContainerView,
    from: impl Iterator<Item = &'t FileTree>,
) -> Result<(OwnedFd, OpenTrees<'t>), Failure> {
    rustix::process::umask(Mode::from_raw_mode(0o022));
    enter(view)?;
    let store = Store::open(host.store_path(), &view.id)?;
    let opened = trees::open_all(&store, from)?;
    Ok((mount(&store, view)?, opened))
}

/// Enters a mount namespace for a root that is mounted nowhere.
fn enter(view: &ContainerView) -> Result<(), Failure> {
    if let Root::Directory { .. } = view.root {
        let message = "a container on a directory of the host keeps nothing when it does not run";
        return Err(explained(FailureKind::NotRunning, "container", message));
    }
    sys::namespaces::enter_new_mounts().map_err(|errno| system("namespaces", "mount", errno))?;
    root::isolate()
}

fn mount(store: &Store, view: &ContainerView) -> Result<OwnedFd, Failure> {
    let mounts = volumes::open_volumes(store, &view.mounts)?;
    let opened = root::mount_root(store, &view.root)?;
    volumes::attach_volumes(opened.as_fd(), &mounts)?;
    Ok(opened)
}
