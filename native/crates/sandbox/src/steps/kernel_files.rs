//! /proc and /sys.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Network, Shared, Sharing};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;
use sys::mounts::{Attributes, Depth, Propagation, set_attributes};

use crate::failure::{explained, system};
use crate::steps::attach;
use crate::tree::{self, Kind};

pub const HARMLESS: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID
    .union(MountAttrFlags::MOUNT_ATTR_NODEV)
    .union(MountAttrFlags::MOUNT_ATTR_NOEXEC);

/// Mounts /proc for the new pid namespace and /sys for the new network namespace.
pub fn mount_kernel_files(
    root: BorrowedFd<'_>,
    network: Network,
    shared: &Shared,
    cgroup_writable: bool,
) -> Result<(), Failure> {
    let proc = proc(shared).map_err(|errno| match errno {
        Errno::PERM => explained(
            FailureKind::System,
            "proc",
            "mount /proc: operation not permitted: parts of the host's own /proc are covered, as in a container; \
             there the kernel allows no new one",
        ),
        _ => system("proc", "/proc", errno),
    })?;
    attach::attach(proc.as_fd(), place(root, "proc")?.as_fd())
        .map_err(|errno| system("proc", "/proc", errno))?;
    let sysfs = sysfs(network).map_err(|errno| system("sysfs", "/sys", errno))?;
    attach::attach(sysfs.as_fd(), place(root, "sys")?.as_fd())
        .map_err(|errno| system("sysfs", "/sys", errno))?;
    if network != Network::Host {
        mount_cgroup(root, shared, cgroup_writable);
    }
    Ok(())
}

fn proc(shared: &Shared) -> Result<OwnedFd, Errno> {
    if shared.pid != Sharing::Host {
        return attach::create("proc", &[], HARMLESS);
    }
    // Of the host's pid namespace nobody here may mount a new one.
    let copy = attach::copy("/proc", true)?;
    let add = Attributes::NOSUID | Attributes::NODEV | Attributes::NOEXEC;
    set_attributes(copy.as_fd(), add, Propagation::Private, Depth::Tree)?;
    Ok(copy)
}

/// The directory for a mount that programs trust: the image may not lead it elsewhere by a link.
pub fn place(root: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Failure> {
    let refused = |errno| match errno {
        Errno::LOOP | Errno::NOTDIR => explained(
            FailureKind::InvalidImage,
            "standard-mounts",
            format!("/{name} of the image is not a directory"),
        ),
        _ => system("standard-mounts", name, errno),
    };
    tree::make(root, name, Kind::Directory).map_err(refused)?;
    tree::open_plain(root, name, OFlags::PATH | OFlags::DIRECTORY).map_err(refused)
}

fn sysfs(network: Network) -> Result<OwnedFd, Errno> {
    let attributes = HARMLESS | MountAttrFlags::MOUNT_ATTR_RDONLY;
    if network != Network::Host {
        match attach::create("sysfs", &[], attributes) {
            // Covered in part, as /proc may be: what the host shows is the best there is.
            Err(Errno::PERM) => {}
            made => return made,
        }
    }
    // A network namespace of somebody else's gives no right to a sysfs of one's own.
    let copy = attach::copy("/sys", true)?;
    let add = Attributes::READONLY | Attributes::NOSUID | Attributes::NODEV | Attributes::NOEXEC;
    set_attributes(copy.as_fd(), add, Propagation::Private, Depth::Tree)?;
    Ok(copy)
}

/// Shows the container its own cgroup, where there is a unified hierarchy; a start never fails for it.
fn mount_cgroup(root: BorrowedFd<'_>, shared: &Shared, writable: bool) {
    let attributes = match writable {
        true => HARMLESS,
        false => HARMLESS | MountAttrFlags::MOUNT_ATTR_RDONLY,
    };
    let _ = tree::open_plain(root, "sys/fs/cgroup", OFlags::PATH | OFlags::DIRECTORY).and_then(
        |place| {
            let cgroup = match shared.cgroup {
                true => host_cgroup(writable)?,
                false => attach::create("cgroup2", &[], attributes)?,
            };
            attach::attach(cgroup.as_fd(), place.as_fd())
        },
    );
}

/// The whole hierarchy, as the host shows it.
fn host_cgroup(writable: bool) -> Result<OwnedFd, Errno> {
    let copy = attach::copy("/sys/fs/cgroup", true)?;
    let mut add = Attributes::NOSUID | Attributes::NODEV | Attributes::NOEXEC;
    add.set(Attributes::READONLY, !writable);
    set_attributes(copy.as_fd(), add, Propagation::Private, Depth::Tree)?;
    Ok(copy)
}
