//! A root directory without the host's files.

use std::os::fd::{AsFd, OwnedFd};

use protocol::failure::Failure;
use rustix::fs::{Mode, OFlags, mkdirat};
use rustix::io::Errno;
use sys::mounts::{Attributes, Depth, Propagation, set_attributes};

use crate::failure::system;
use crate::in_root::{open_own_root, open_without_links};
use crate::mounts::attach::{self, RESTRICTED};
use crate::mounts::isolation;
use crate::steps::pivot::pivot;

/// A directory that every root has, and that the new root covers before it becomes the root.
const COVERED: &str = "proc";

/// Moves the process, which must have one thread, into a mount namespace whose root is read-only and contains only the
/// directory `kept` of the kernel, where the host has it. Other files stay in reach through open directories.
pub fn enter(kept: &str) -> Result<(), Failure> {
    let explain = |errno| system("empty-root", kept, errno);
    isolation::enter_new_namespace()?;
    let kept_mount = attach::clone_path(kept, Depth::Tree).ok();
    let root = mount_root().map_err(explain)?;
    if let Some(mount) = kept_mount {
        let directory = ensure_directory(&root, kept).map_err(explain)?;
        attach::attach(mount.as_fd(), directory.as_fd()).map_err(explain)?;
    }
    set_attributes(
        root.as_fd(),
        Attributes::READONLY,
        Propagation::Unchanged,
        Depth::One,
    )
    .map_err(explain)?;
    pivot(root.as_fd())
}

/// Mounts a new file system over a directory of the root and opens it.
pub(crate) fn mount_root() -> Result<OwnedFd, Errno> {
    let root = open_own_root()?;
    let open = || open_without_links(root.as_fd(), COVERED, OFlags::PATH | OFlags::DIRECTORY);
    let options = [("mode", "0755"), ("size", "64k")];
    let mount = attach::create("tmpfs", &options, RESTRICTED)?;
    attach::attach(mount.as_fd(), open()?.as_fd())?;
    open()
}

/// Creates a directory of the new root and those above it.
fn ensure_directory(root: &OwnedFd, path: &str) -> Result<OwnedFd, Errno> {
    let mut directory = root.try_clone().map_err(|_| Errno::MFILE)?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        mkdirat(&directory, name, Mode::from_raw_mode(0o755))?;
        directory = open_without_links(directory.as_fd(), name, OFlags::PATH | OFlags::DIRECTORY)?;
    }
    Ok(directory)
}
