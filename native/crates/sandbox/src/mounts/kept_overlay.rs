//! Overlays of ended containers that the next containers use again: creating and unmounting one takes half a millisecond.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, fstat, fsync, openat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sys::mounts::Depth;
use walk::{DIRECTORY, is_empty};

use crate::in_root::open_without_links;
use crate::mounts::attach;
use crate::mounts::overlay::Overlay;

/// Device and inode number of a file. No other file has them while an overlay of the file is mounted.
pub type FileId = (u64, u64);

/// The directories of an overlay. Two overlays with the same parts show the same files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    pub upper: FileId,
    /// The directory that the kernel has created in the work directory.
    work: FileId,
    /// Base first.
    lowers: Vec<FileId>,
    volatile: bool,
}

/// An overlay that stays mounted, at no path, after its container has ended.
#[derive(Debug)]
pub struct KeptOverlay {
    pub parts: Parts,
    pub mount: OwnedFd,
}

impl KeptOverlay {
    /// Keeps an overlay that has just been created. Fails on kernels before 6.15, which clone no detached mount.
    pub fn of(overlay: &Overlay<'_>, mount: &OwnedFd) -> Result<Self, Errno> {
        Ok(Self {
            parts: Parts::of(overlay)?,
            mount: attach::clone_of(mount.as_fd(), Depth::One)?,
        })
    }

    /// Returns a mount of the overlay for a container whose overlay would have the same parts; otherwise `None`.
    pub fn mount_again(&self, wanted: &Overlay<'_>) -> Option<OwnedFd> {
        let same = Parts::of(wanted).is_ok_and(|parts| parts == self.parts);
        (same && !self.has_failed())
            .then(|| attach::clone_of(self.mount.as_fd(), Depth::One).ok())
            .flatten()
    }

    /// Returns whether the upper directory, in the directory of an ended container, is empty. The overlay keeps the space of
    /// files that are deleted below it.
    pub fn is_unused_in(&self, container: BorrowedFd<'_>) -> bool {
        let check = || {
            let upper = openat(container, "upper", DIRECTORY, Mode::empty())?;
            Ok::<_, Errno>(id_of(&upper)? == self.parts.upper && is_empty(upper.as_fd())?)
        };
        check().unwrap_or(false)
    }

    /// Returns whether the overlay refuses every sync. A volatile one does so from the first failed write of its file system
    /// on; otherwise its sync does nothing.
    fn has_failed(&self) -> bool {
        let synced = || fsync(openat(&self.mount, ".", DIRECTORY, Mode::empty())?);
        self.parts.volatile && synced().is_err()
    }
}

impl Parts {
    fn of(overlay: &Overlay<'_>) -> Result<Self, Errno> {
        let lowers = overlay.lowers.iter();
        Ok(Self {
            upper: id_of(overlay.upper)?,
            work: id_of(&open_without_links(
                overlay.work.as_fd(),
                "work",
                OFlags::PATH | OFlags::DIRECTORY,
            )?)?,
            lowers: lowers.map(id_of).collect::<Result<_, _>>()?,
            volatile: overlay.volatile,
        })
    }
}

pub(crate) fn id_of(file: &OwnedFd) -> Result<FileId, Errno> {
    let status = fstat(file)?;
    Ok((status.st_dev, status.st_ino))
}
