//! /dev: a small tmpfs with the harmless devices of the host, terminals, shared memory and queues.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat, symlinkat};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use crate::failure::system;
use crate::host::{self, Host};
use crate::steps::attach;
use crate::steps::kernel_files::{HARMLESS, place};
use crate::steps::root;
use crate::steps::shared::Memory;
use crate::tree::{self, Kind};

const LINKS: [(&str, &str); 5] = [
    ("pts/ptmx", "ptmx"),
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
];

/// Mounts /dev and everything in it, from what [`prepare`] gave if there is some; gives the new /dev.
pub fn mount_devices(
    root: BorrowedFd<'_>,
    host: &Host,
    memory: &Memory,
    prepared: Option<BorrowedFd<'_>>,
) -> Result<OwnedFd, Failure> {
    let place = place(root, "dev")?;
    let attached = prepared.is_some_and(|tree| attach::attach(tree, place.as_fd()).is_ok());
    let devices = match attached {
        true => open(root, "dev").map_err(|errno| system("devices", "/dev", errno))?,
        false => make(root, "dev", host)?,
    };
    mount_memory(devices.as_fd(), memory)
        .map_err(|(name, errno)| system("devices", name, errno))?;
    Ok(devices)
}

/// Makes a /dev for one container that is attached nowhere, complete but for its memory. Called in a process of its
/// own, which is in another mount namespace then and sees the /dev at /sys.
pub fn prepare(host: &Host) -> Result<OwnedFd, Failure> {
    let explain = |errno| system("devices", "/dev", errno);
    sys::namespaces::enter_new_mounts().map_err(explain)?;
    root::isolate()?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, "/", flags, Mode::empty()).map_err(explain)?;
    let devices = make(root.as_fd(), "sys", host)?;
    attach::copy_of(devices.as_fd(), true).map_err(explain)
}

/// Covers a directory of the root with a /dev.
fn make(root: BorrowedFd<'_>, name: &str, host: &Host) -> Result<OwnedFd, Failure> {
    let explain = |errno| system("devices", "/dev", errno);
    let devices = attach::create(
        "tmpfs",
        &[("mode", "0755"), ("size", "64m")],
        MountAttrFlags::MOUNT_ATTR_NOSUID,
    )
    .map_err(explain)?;
    let place = open(root, name).map_err(explain)?;
    attach::attach(devices.as_fd(), place.as_fd()).map_err(explain)?;
    let devices = open(root, name).map_err(explain)?;
    for device in host::copy_devices() {
        let (name, device) = device?;
        cover(devices.as_fd(), name, Kind::File, device.as_fd())
            .map_err(|errno| system("devices", name, errno))?;
    }
    for (target, name) in LINKS {
        symlinkat(target, &devices, name).map_err(|errno| system("devices", name, errno))?;
    }
    mount_terminals(devices.as_fd(), host).map_err(|errno| system("devices", "pts", errno))?;
    Ok(devices)
}

fn open(root: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    tree::open_plain(root, name, OFlags::PATH | OFlags::DIRECTORY)
}

/// Shows the terminal as /dev/console.
pub fn mount_console(devices: BorrowedFd<'_>, terminal: BorrowedFd<'_>) -> Result<(), Failure> {
    attach::copy_of(terminal, false)
        .and_then(|copy| cover(devices, "console", Kind::File, copy.as_fd()))
        .map_err(|errno| system("devices", "console", errno))
}

fn mount_terminals(devices: BorrowedFd<'_>, host: &Host) -> Result<(), Errno> {
    let mut pts_options = vec![("ptmxmode", "0666"), ("mode", "0620")];
    // Group 5 is the terminals' everywhere; in single-id mode it does not exist.
    if host.gids().contains(5) {
        pts_options.push(("gid", "5"));
    }
    let terminals = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    attach::create("devpts", &pts_options, terminals)
        .and_then(|mount| cover(devices, "pts", Kind::Directory, mount.as_fd()))
}

fn mount_memory(devices: BorrowedFd<'_>, memory: &Memory) -> Result<(), (&'static str, Errno)> {
    let cover = |name, mount: &OwnedFd| {
        cover(devices, name, Kind::Directory, mount.as_fd()).map_err(|errno| (name, errno))
    };
    let size = match memory {
        Memory::Own { size } => *size,
        Memory::Shared { shm, queues } => {
            cover("shm", shm)?;
            return match queues {
                Some(queues) => cover("mqueue", queues),
                None => Ok(()),
            };
        }
    };
    if size > 0 {
        let options = [("mode", "1777"), ("size", &size.to_string())];
        let shm = attach::create("tmpfs", &options, HARMLESS).map_err(|errno| ("shm", errno))?;
        cover("shm", &shm)?;
    }
    let queues = attach::create("mqueue", &[], HARMLESS).map_err(|errno| ("mqueue", errno))?;
    cover("mqueue", &queues)
}

/// Makes an entry of the new, empty /dev and covers it.
fn cover(
    devices: BorrowedFd<'_>,
    name: &str,
    kind: Kind,
    mount: BorrowedFd<'_>,
) -> Result<(), Errno> {
    match kind {
        Kind::Directory => mkdirat(devices, name, Mode::from_raw_mode(0o755))?,
        Kind::File => {
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
            drop(openat(devices, name, flags, Mode::from_raw_mode(0o600))?);
        }
    }
    let entry = openat(
        devices,
        name,
        OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    attach::attach(mount, entry.as_fd())
}
