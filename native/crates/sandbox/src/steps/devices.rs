//! /dev: a small tmpfs with the host's harmless devices, terminals, shared memory and message queues.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use rustix::fs::{Mode, OFlags, mkdirat, openat, symlinkat};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;
use sys::mounts::Depth;

use crate::failure::system;
use crate::host::{self, Host};
use crate::in_root::{self, Kind, open_own_root};
use crate::mounts::attach::{self, RESTRICTED};
use crate::mounts::{isolation, mount_point};
use crate::steps::shared::Memory;

const LINKS: [(&str, &str); 5] = [
    ("pts/ptmx", "ptmx"),
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
];

/// Group of terminals on every distribution.
const TERMINAL_GROUP: u32 = 5;

/// Mounts /dev with everything in it and returns it. Attaches the result of [`prepare`] if there is one.
pub fn mount_devices(
    root: BorrowedFd<'_>,
    host: &Host,
    memory: &Memory,
    prepared: Option<BorrowedFd<'_>>,
) -> Result<OwnedFd, Failure> {
    let mount_point = mount_point::ensure(root, "dev")?;
    let attached =
        prepared.is_some_and(|devices| attach::attach(devices, mount_point.as_fd()).is_ok());
    let devices = match attached {
        true => open(root, "dev").map_err(|errno| system("devices", "/dev", errno))?,
        false => mount_over(root, "dev", host)?,
    };
    mount_memory(devices.as_fd(), memory)
        .map_err(|(name, errno)| system("devices", name, errno))?;
    Ok(devices)
}

/// Creates a detached /dev for one container, complete but for its shared memory. Call it in a process of
/// its own: the process ends up in another mount namespace with the new /dev mounted over /sys.
pub fn prepare(host: &Host) -> Result<OwnedFd, Failure> {
    let explain = |errno| system("devices", "/dev", errno);
    isolation::enter_new_namespace()?;
    let root = open_own_root().map_err(explain)?;
    let devices = mount_over(root.as_fd(), "sys", host)?;
    attach::clone_of(devices.as_fd(), Depth::Tree).map_err(explain)
}

/// Mounts a new /dev over a directory of the root.
fn mount_over(root: BorrowedFd<'_>, name: &str, host: &Host) -> Result<OwnedFd, Failure> {
    let explain = |errno| system("devices", "/dev", errno);
    let devices = attach::create(
        "tmpfs",
        &[("mode", "0755"), ("size", "64m")],
        MountAttrFlags::MOUNT_ATTR_NOSUID,
    )
    .map_err(explain)?;
    let mount_point = open(root, name).map_err(explain)?;
    attach::attach(devices.as_fd(), mount_point.as_fd()).map_err(explain)?;
    let devices = open(root, name).map_err(explain)?;
    for device in host::clone_devices() {
        let (name, device) = device?;
        add(devices.as_fd(), name, Kind::File, device.as_fd())
            .map_err(|errno| system("devices", name, errno))?;
    }
    for (target, name) in LINKS {
        symlinkat(target, &devices, name).map_err(|errno| system("devices", name, errno))?;
    }
    mount_terminals(devices.as_fd(), host).map_err(|errno| system("devices", "pts", errno))?;
    Ok(devices)
}

fn open(root: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    in_root::open_without_links(root, name, OFlags::PATH | OFlags::DIRECTORY)
}

/// Maximum number of pseudoterminals of a container. Linux allows 3,072 for all containers together by default.
pub const MOST_TERMINALS: &str = "1024";

/// Mounts the program's terminal as /dev/console.
pub fn mount_console(devices: BorrowedFd<'_>, terminal: BorrowedFd<'_>) -> Result<(), Failure> {
    attach::clone_of(terminal, Depth::One)
        .and_then(|mount| add(devices, "console", Kind::File, mount.as_fd()))
        .map_err(|errno| system("devices", "console", errno))
}

fn mount_terminals(devices: BorrowedFd<'_>, host: &Host) -> Result<(), Errno> {
    let mut pts_options = vec![
        ("ptmxmode", "0666"),
        ("mode", "0620"),
        ("max", MOST_TERMINALS),
    ];
    let group = TERMINAL_GROUP.to_string();
    // In single-id mode the group does not exist.
    if host.gids().contains(TERMINAL_GROUP) {
        pts_options.push(("gid", &group));
    }
    let terminals = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    attach::create("devpts", &pts_options, terminals)
        .and_then(|mount| add(devices, "pts", Kind::Directory, mount.as_fd()))
}

fn mount_memory(devices: BorrowedFd<'_>, memory: &Memory) -> Result<(), (&'static str, Errno)> {
    let add = |name, mount: &OwnedFd| {
        add(devices, name, Kind::Directory, mount.as_fd()).map_err(|errno| (name, errno))
    };
    let size = match memory {
        Memory::Private { size } => *size,
        Memory::Shared { shm, queues } => {
            add("shm", shm)?;
            return match queues {
                Some(queues) => add("mqueue", queues),
                None => Ok(()),
            };
        }
    };
    if size > 0 {
        let options = [("mode", "1777"), ("size", &size.to_string())];
        let shm = attach::create_named("tmpfs", "shm", &options, RESTRICTED)
            .map_err(|errno| ("shm", errno))?;
        add("shm", &shm)?;
    }
    let queues = attach::create("mqueue", &[], RESTRICTED).map_err(|errno| ("mqueue", errno))?;
    add("mqueue", &queues)
}

/// Creates an entry of the new /dev and mounts something over it.
fn add(
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
