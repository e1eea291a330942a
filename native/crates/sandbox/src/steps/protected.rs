//! Kernel files that a container must not see or must not write.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;
use sys::mounts::{Attributes, Depth};

use crate::failure::{explained, system};
use crate::host;
use crate::in_root::{self, Kind};
use crate::mounts::attach::{self, RESTRICTED};

/// Major and minor number of /dev/null.
const NULL_DEVICE: (u32, u32) = (1, 3);

/// Covers each existing path: a file with the null device, a directory with an empty tmpfs.
pub fn mask(root: BorrowedFd<'_>, paths: &[String]) -> Result<(), Failure> {
    for path in paths {
        let Some(target) = find(root, path)? else {
            continue;
        };
        let refused = |errno| system("masked-path", path, errno);
        match in_root::kind_of(target.as_fd()).map_err(refused)? {
            Kind::Directory => cover_directory(target.as_fd()).map_err(refused)?,
            Kind::File => {
                let null = open_null_device().map_err(refused)?.ok_or_else(|| {
                    let message = "/dev/null of the host is not the null device";
                    explained(FailureKind::System, "masked-path", message)
                })?;
                attach::attach(null.as_fd(), target.as_fd()).map_err(refused)?;
            }
        }
    }
    Ok(())
}

/// Makes each existing path read-only, with all mounts below it.
pub fn write_protect(root: BorrowedFd<'_>, paths: &[String]) -> Result<(), Failure> {
    let add = Attributes::READONLY | Attributes::NOSUID | Attributes::NODEV | Attributes::NOEXEC;
    for path in paths {
        let Some(target) = find(root, path)? else {
            continue;
        };
        attach::clone_of(target.as_fd(), Depth::Tree)
            .and_then(|mount| attach::restrict(mount, add, Depth::Tree))
            .and_then(|mount| attach::attach(mount.as_fd(), target.as_fd()))
            .map_err(|errno| system("read-only-path", path, errno))?;
    }
    Ok(())
}

fn find(root: BorrowedFd<'_>, path: &str) -> Result<Option<OwnedFd>, Failure> {
    match in_root::open(root, path, OFlags::PATH) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Ok(None),
        Err(errno) => Err(system("protected-path", path, errno)),
    }
}

fn cover_directory(target: BorrowedFd<'_>) -> Result<(), Errno> {
    let options = [("nr_inodes", "1"), ("nr_blocks", "1")];
    let attributes = RESTRICTED | MountAttrFlags::MOUNT_ATTR_RDONLY;
    let empty = attach::create("tmpfs", &options, attributes)?;
    attach::attach(empty.as_fd(), target)
}

/// Clones the mount of the host's null device; nothing if its /dev/null is another file. A volume may have
/// replaced the one in the container's /dev.
fn open_null_device() -> Result<Option<OwnedFd>, Errno> {
    let null = in_root::open_host("/dev/null")?;
    if !host::is_device(null.as_fd(), NULL_DEVICE)? {
        return Ok(None);
    }
    attach::clone_of(null.as_fd(), Depth::One).map(Some)
}
