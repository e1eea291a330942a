//! Mounts of the kernel's files: /proc, /sys and the cgroup hierarchy.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Network, Shared, Sharing};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;
use sys::mounts::{Attributes, Depth};

use crate::failure::{explained, system};
use crate::in_root;
use crate::mounts::attach::{self, RESTRICTED};
use crate::mounts::mount_point;

const RESTRICTED_CLONE: Attributes = Attributes::NOSUID
    .union(Attributes::NODEV)
    .union(Attributes::NOEXEC);

/// Mounts /proc for the container's PID namespace.
pub fn mount_proc(root: BorrowedFd<'_>, shared: &Shared) -> Result<(), Failure> {
    let proc = proc(shared).map_err(|errno| match errno {
        Errno::PERM => explained(
            FailureKind::System,
            "proc",
            "mount /proc: operation not permitted: parts of the host's /proc are covered, as in a container, so \
             the kernel allows no new mount of it",
        ),
        _ => system("proc", "/proc", errno),
    })?;
    attach::attach(proc.as_fd(), mount_point::ensure(root, "proc")?.as_fd())
        .map_err(|errno| system("proc", "/proc", errno))
}

/// Mounts /sys for the container's network namespace, with the container's cgroup.
pub fn mount_sys(
    root: BorrowedFd<'_>,
    network: Network,
    shared: &Shared,
    cgroup_writable: bool,
) -> Result<(), Failure> {
    let sysfs = sysfs(network).map_err(|errno| system("sysfs", "/sys", errno))?;
    attach::attach(sysfs.as_fd(), mount_point::ensure(root, "sys")?.as_fd())
        .map_err(|errno| system("sysfs", "/sys", errno))?;
    if network != Network::Host {
        mount_cgroup(root, shared, cgroup_writable);
    }
    Ok(())
}

fn proc(shared: &Shared) -> Result<OwnedFd, Errno> {
    if shared.pid != Sharing::Host {
        return attach::create("proc", &[], RESTRICTED);
    }
    // A new mount requires rights over the PID namespace, and the host's belongs to another user namespace.
    attach::clone_path("/proc", Depth::Tree)
        .and_then(|mount| attach::restrict(mount, RESTRICTED_CLONE, Depth::Tree))
}

fn sysfs(network: Network) -> Result<OwnedFd, Errno> {
    let attributes = RESTRICTED | MountAttrFlags::MOUNT_ATTR_RDONLY;
    if network != Network::Host {
        match attach::create("sysfs", &[], attributes) {
            // The kernel refuses a new mount while parts of the host's /sys are covered. A clone of the host's /sys is
            // the closest substitute.
            Err(Errno::PERM) => {}
            created => return created,
        }
    }
    // A new mount requires rights over the network namespace.
    let add = RESTRICTED_CLONE | Attributes::READONLY;
    attach::clone_path("/sys", Depth::Tree)
        .and_then(|mount| attach::restrict(mount, add, Depth::Tree))
}

/// Mounts the container's cgroup if there is a unified hierarchy. A failure does not stop the start.
fn mount_cgroup(root: BorrowedFd<'_>, shared: &Shared, writable: bool) {
    let mount_point =
        in_root::open_without_links(root, "sys/fs/cgroup", OFlags::PATH | OFlags::DIRECTORY);
    let _ = mount_point.and_then(|mount_point| {
        let cgroup = match shared.cgroup {
            true => host_cgroup(writable)?,
            false => own_cgroup(writable)?,
        };
        attach::attach(cgroup.as_fd(), mount_point.as_fd())
    });
}

fn own_cgroup(writable: bool) -> Result<OwnedFd, Errno> {
    let mut attributes = RESTRICTED;
    attributes.set(MountAttrFlags::MOUNT_ATTR_RDONLY, !writable);
    attach::create("cgroup2", &[], attributes)
}

/// Clones the host's whole hierarchy.
fn host_cgroup(writable: bool) -> Result<OwnedFd, Errno> {
    let mut add = RESTRICTED_CLONE;
    add.set(Attributes::READONLY, !writable);
    attach::clone_path("/sys/fs/cgroup", Depth::Tree)
        .and_then(|mount| attach::restrict(mount, add, Depth::Tree))
}
