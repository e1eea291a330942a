//! The layer below all others, with the mount points of standard mounts and the other files that Docker adds.

use std::os::fd::{AsFd, BorrowedFd};

use protocol::failure::Failure;
use rustix::fs::{AtFlags, Mode, chmodat, symlinkat};
use rustix::io::Errno;

use crate::failure::system;
use crate::in_root::{self, Kind};
use crate::store::{BASE_LAYER, ensure_directory};

/// Empty file that marks a container, as in Docker.
const MARK: &str = ".dockerenv";

/// Mount points that every container uses. In this layer they need not be created in the upper directory.
const MOUNT_POINTS: [(&str, &[&str]); 4] = [
    ("dev", &[]),
    ("etc", &["hostname", "hosts", "resolv.conf"]),
    ("proc", &[]),
    ("sys", &[]),
];

/// Creates the layer if it does not exist.
pub fn ensure(store: BorrowedFd<'_>) -> Result<(), Failure> {
    let base = ensure_directory(store, BASE_LAYER)?;
    set_mode(store, BASE_LAYER, 0o755)?;
    for (name, files) in MOUNT_POINTS {
        let directory = ensure_directory(base.as_fd(), name)?;
        set_mode(base.as_fd(), name, 0o755)?;
        for file in files {
            in_root::create(directory.as_fd(), file, Kind::File)
                .map_err(|errno| system("base-layer", file, errno))?;
            set_mode(directory.as_fd(), file, 0o644)?;
        }
    }
    let refused = |name| move |errno| system("base-layer", name, errno);
    in_root::create(base.as_fd(), MARK, Kind::File).map_err(refused(MARK))?;
    set_mode(base.as_fd(), MARK, 0o755)?;
    let etc = ensure_directory(base.as_fd(), "etc")?;
    match symlinkat("/proc/mounts", &etc, "mtab") {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(refused("mtab")(errno)),
    }
}

/// Sets the mode whatever the umask is: containers see these files where the image has none.
fn set_mode(parent: BorrowedFd<'_>, name: &str, mode: u32) -> Result<(), Failure> {
    chmodat(parent, name, Mode::from_raw_mode(mode), AtFlags::empty())
        .map_err(|errno| system("base-layer", name, errno))
}
