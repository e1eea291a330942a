//! The mounts of the request: directories of the host, volumes, tmpfs, secrets and others.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Mount, Root};
use rustix::io::Errno;

use crate::failure::{explained, system};
use crate::in_root::{self, kind_of};
use crate::mounts::attach;
use crate::mounts::populate::populate;
use crate::mounts::sources::{self, Source};
use crate::store::Store;

/// A detached mount and the path of its mount point.
#[derive(Debug)]
pub struct AdditionalMount {
    mount: OwnedFd,
    target: String,
    /// A volume that is filled with the image's files at the target if it is empty.
    fill: Option<OwnedFd>,
}

/// Opens all sources. Call it before the pivot, while paths are the host's.
pub fn open(store: &Store, mounts: &[Mount]) -> Result<Vec<AdditionalMount>, Failure> {
    let open = |(index, mount)| {
        let Source { mount, fill } = sources::open(store, index, mount)?;
        let target = sources::target(&mounts[index]).to_owned();
        Ok(AdditionalMount {
            mount,
            target,
            fill,
        })
    };
    mounts.iter().enumerate().map(open).collect()
}

/// Creates the mount points in the layer below the image's layers that exists for them.
pub fn create_mount_points(
    store: &Store,
    root: &Root,
    mounts: &[AdditionalMount],
) -> Result<(), Failure> {
    let Root::Layers { targets: true, .. } = root else {
        return Ok(());
    };
    let targets = store.open_targets()?;
    for AdditionalMount { mount, target, .. } in mounts {
        kind_of(mount.as_fd())
            .and_then(|kind| in_root::ensure(targets.as_fd(), target, kind))
            .map_err(|errno| refused_target(target, errno))?;
    }
    Ok(())
}

/// Attaches the mounts in order. No symbolic link of the image leads a mount point out of the root.
pub fn attach(root: BorrowedFd<'_>, mounts: &[AdditionalMount]) -> Result<(), Failure> {
    for AdditionalMount {
        mount,
        target,
        fill,
    } in mounts
    {
        if let Some(volume) = fill {
            populate(root, target, volume.as_fd())
                .map_err(|errno| system("fill-volume", target, errno))?;
        }
        kind_of(mount.as_fd())
            .and_then(|kind| in_root::ensure(root, target, kind))
            .and_then(|mount_point| attach::attach(mount.as_fd(), mount_point.as_fd()))
            .map_err(|errno| refused_target(target, errno))?;
    }
    Ok(())
}

fn refused_target(target: &str, errno: Errno) -> Failure {
    match errno {
        Errno::NOTDIR | Errno::LOOP => explained(
            FailureKind::InvalidArgument,
            "mount",
            format!(
                "mount {target}: {errno}: are you trying to mount a directory onto a file (or vice-versa)? \
                 check that the path exists and is of the expected type"
            ),
        ),
        _ => system("mount", target, errno),
    }
}
