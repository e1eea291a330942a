//! The root file system: an overlay over the layers.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Root;
use rustix::io::Errno;
use sys::mounts::{Attributes, Depth, Propagation, set_attributes};

use crate::failure::{explained, system};
use crate::in_root::path_of;
use crate::mounts::host_root;
use crate::mounts::kept_overlay::KeptOverlay;
use crate::mounts::overlay::{Access, Overlay};
use crate::store::Store;

/// Mounts the root over the container's directory and opens it.
pub fn mount_root(store: &Store, root: &Root) -> Result<OwnedFd, Failure> {
    match root {
        Root::Layers {
            diff_ids,
            volatile,
            targets,
            ..
        } => {
            let overlay = Overlay {
                lowers: &open_lowers(store, diff_ids, *targets)?,
                upper: &store.open_part("upper")?,
                work: &store.open_part("work")?,
                access: Access::ReadWrite,
                volatile: *volatile,
            };
            overlay
                .mount(&path_of(store.container.as_fd()))
                .map_err(refused_overlay)?;
            store.reopen_container()
        }
        Root::Directory { path, readonly } => {
            host_root::mount_host_root(store, path, Access::new(*readonly))
        }
    }
}

/// A root as a detached mount, and its overlay for the next container.
#[derive(Debug)]
pub struct DetachedRoot {
    pub mount: OwnedFd,
    pub overlay: Option<KeptOverlay>,
}

/// Creates the root for a process that mounts it elsewhere, from `kept` if that is the overlay of the container's directory.
/// With `keep`, returns the overlay.
pub fn create_root(
    store: &Store,
    root: &Root,
    kept: Option<KeptOverlay>,
    keep: bool,
) -> Result<DetachedRoot, Errno> {
    let Root::Layers {
        diff_ids,
        volatile,
        targets,
        ..
    } = root
    else {
        return Err(Errno::OPNOTSUPP);
    };
    let refused = |failure: Failure| Errno::from_raw_os_error(failure.errno.unwrap_or_default());
    let overlay = Overlay {
        lowers: &open_lowers(store, diff_ids, *targets).map_err(refused)?,
        upper: &store.open_part("upper").map_err(refused)?,
        work: &store.open_part("work").map_err(refused)?,
        access: Access::ReadWrite,
        volatile: *volatile,
    };
    if let Some(kept) = kept
        && let Some(mount) = kept.mount_again(&overlay)
    {
        let overlay = keep.then_some(kept);
        return Ok(DetachedRoot { mount, overlay });
    }
    let mount = overlay.create()?;
    let kept = keep.then(|| KeptOverlay::of(&overlay, &mount).ok());
    Ok(DetachedRoot {
        mount,
        overlay: kept.flatten(),
    })
}

/// Makes the root read-only if the request says so. Call it once nothing more has to be created in the root.
pub fn protect_root(root: BorrowedFd<'_>, readonly: bool) -> Result<(), Failure> {
    if !readonly {
        return Ok(());
    }
    set_attributes(
        root,
        Attributes::READONLY,
        Propagation::Unchanged,
        Depth::One,
    )
    .map_err(|errno| system("read-only-root", "/", errno))
}

/// Opens the lower directories, base first.
fn open_lowers(store: &Store, diff_ids: &[String], targets: bool) -> Result<Vec<OwnedFd>, Failure> {
    let mut lowers = vec![store.open_base_layer()?];
    if targets {
        lowers.push(store.open_targets()?);
    }
    lowers.extend(store.open_layers(diff_ids)?);
    Ok(lowers)
}

fn refused_overlay(errno: Errno) -> Failure {
    match errno {
        Errno::INVAL | Errno::OPNOTSUPP => explained(
            FailureKind::System,
            "mount-root",
            format!(
                "mount overlay: {errno}: the file system of the data directory cannot contain the upper directory \
                 of an overlay; set TBOX_DATA_DIR to a directory on ext4, xfs, btrfs or tmpfs"
            ),
        ),
        _ => system("mount-root", "overlay", errno),
    }
}
