//! Mount points of the mounts that programs trust: /proc, /sys and /dev.

use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::failure::{explained, system};
use crate::in_root::{self, Kind};

/// Opens the directory of a standard mount, created if it does not exist. Links are refused: an image must
/// not move the mount elsewhere.
pub fn ensure(root: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Failure> {
    let refused = |errno| match errno {
        Errno::LOOP | Errno::NOTDIR => explained(
            FailureKind::InvalidImage,
            "standard-mounts",
            format!("/{name} of the image is not a directory"),
        ),
        _ => system("standard-mounts", name, errno),
    };
    let open = || in_root::open_without_links(root, name, OFlags::PATH | OFlags::DIRECTORY);
    match open() {
        // Creating a directory that exists takes the kernel longer than opening it.
        Err(Errno::NOENT) => {
            in_root::create(root, name, Kind::Directory).map_err(refused)?;
            open().map_err(refused)
        }
        opened => opened.map_err(refused),
    }
}
