//! Kernel files that a container may not see, or not write.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;
use sys::mounts::{Attributes, Depth, Propagation, set_attributes};

use crate::failure::{explained, system};
use crate::host;
use crate::steps::attach;
use crate::steps::kernel_files::HARMLESS;
use crate::tree::{self, Kind};

const NULL_DEVICE: (u32, u32) = (1, 3);

/// Covers each path that exists: a file by the null device, a directory by an empty tmpfs.
pub fn mask(root: BorrowedFd<'_>, paths: &[String]) -> Result<(), Failure> {
    for path in paths {
        let Some(place) = find(root, path)? else {
            continue;
        };
        cover(place.as_fd()).map_err(|errno| system("masked-path", path, errno))??;
    }
    Ok(())
}

/// Makes each path that exists read-only, with everything mounted below.
pub fn write_protect(root: BorrowedFd<'_>, paths: &[String]) -> Result<(), Failure> {
    let add = Attributes::READONLY | Attributes::NOSUID | Attributes::NODEV | Attributes::NOEXEC;
    for path in paths {
        let Some(place) = find(root, path)? else {
            continue;
        };
        attach::copy_of(place.as_fd(), true)
            .and_then(|copy| {
                set_attributes(copy.as_fd(), add, Propagation::Private, Depth::Tree)?;
                attach::attach(copy.as_fd(), place.as_fd())
            })
            .map_err(|errno| system("read-only-path", path, errno))?;
    }
    Ok(())
}

fn find(root: BorrowedFd<'_>, path: &str) -> Result<Option<OwnedFd>, Failure> {
    match tree::open(root, path, OFlags::PATH) {
        Ok(place) => Ok(Some(place)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Ok(None),
        Err(errno) => Err(system("protected-path", path, errno)),
    }
}

fn cover(place: BorrowedFd<'_>) -> Result<Result<(), Failure>, Errno> {
    match attach::kind(place)? {
        Kind::Directory => {
            let options = [("nr_inodes", "1"), ("nr_blocks", "1")];
            let empty = attach::create(
                "tmpfs",
                &options,
                HARMLESS | MountAttrFlags::MOUNT_ATTR_RDONLY,
            )?;
            attach::attach(empty.as_fd(), place)?;
        }
        Kind::File => {
            // The host's own: the one below the container's /dev could be something else by now.
            let null = tree::open_host("/dev/null")?;
            if !host::is_device(null.as_fd(), NULL_DEVICE)? {
                let message = "/dev/null of the host is not the null device";
                return Ok(Err(explained(FailureKind::System, "masked-path", message)));
            }
            attach::attach(attach::copy_of(null.as_fd(), false)?.as_fd(), place)?;
        }
    }
    Ok(Ok(()))
}
