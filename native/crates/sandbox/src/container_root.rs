//! A container's root for a worker that copies files from or to it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{FileTree, Root};
use protocol::work::ContainerView;
use rustix::fs::Mode;
use sys::clone::Namespaces;
use sys::mounts::Depth;

use crate::failure::{explained, system};
use crate::host::Host;
use crate::in_root::{self, Kind};
use crate::mounts::attach;
use crate::mounts::file_trees::{self, OpenTrees};
use crate::mounts::isolation;
use crate::steps::{additional_mounts, root};
use crate::store::Store;

/// Opens the root. For a running container, joins its mount namespace; otherwise mounts the root in a new
/// namespace as the next start would. The process must have one thread.
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
        return in_root::open_own_root().map_err(|errno| system("container", "/", errno));
    }
    enter(view)?;
    let store = Store::open(host.store_path(), &view.id)?;
    mount(&store, view)
}

/// Returns the root without the container's mounts, so that the files below mount points are seen. If the kernel
/// refuses this, returns the root with its mounts.
pub fn without_mounts(root: OwnedFd) -> OwnedFd {
    attach::clone_of(root.as_fd(), Depth::One).unwrap_or(root)
}

/// Opens the root of a stopped container and the trees that files are copied from.
pub fn open_with_trees<'t>(
    host: &Host,
    view: &ContainerView,
    from: impl Iterator<Item = &'t FileTree>,
) -> Result<(OwnedFd, OpenTrees<'t>), Failure> {
    rustix::process::umask(Mode::from_raw_mode(0o022));
    enter(view)?;
    let store = Store::open(host.store_path(), &view.id)?;
    let opened = file_trees::open_all(&store, from)?;
    Ok((mount(&store, view)?, opened))
}

/// Enters a mount namespace for the root of a stopped container.
fn enter(view: &ContainerView) -> Result<(), Failure> {
    if let Root::Directory { .. } = view.root {
        let message = "a stopped container with a directory of the host as its root has no files";
        return Err(explained(FailureKind::NotRunning, "container", message));
    }
    isolation::enter_new_namespace()
}

fn mount(store: &Store, view: &ContainerView) -> Result<OwnedFd, Failure> {
    let mounts = additional_mounts::open(store, &view.mounts)?;
    let opened = root::mount_root(store, &view.root)?;
    additional_mounts::fill(opened.as_fd(), &mounts)?;
    additional_mounts::attach(opened.as_fd(), &mounts)?;
    if let Some(path) = &view.working_directory {
        // The start reports a path that cannot be a directory.
        let _ = in_root::ensure(opened.as_fd(), path, Kind::Directory);
    }
    let (Root::Layers { readonly, .. } | Root::Directory { readonly, .. }) = &view.root;
    root::protect_root(opened.as_fd(), *readonly)?;
    Ok(opened)
}
