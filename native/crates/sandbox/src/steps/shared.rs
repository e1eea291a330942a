//! Namespaces that a container shares with the host or with another container.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Shared, Sharing};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use sys::clone::Namespaces;
use sys::mounts::{Attributes, Depth};

use crate::failure::{explained, system};
use crate::in_root::{self, open_own_root};
use crate::mounts::attach;

/// The files through which processes of an IPC namespace share memory and message queues.
#[derive(Debug)]
pub enum Memory {
    /// A new /dev/shm of this size in bytes, none for 0, and new message queues.
    Private { size: u64 },
    /// The mounts of the host or another container. The host may have no message queues.
    Shared {
        shm: OwnedFd,
        queues: Option<OwnedFd>,
    },
}

/// Returns the namespaces to create for the container.
pub fn created(shared: &Shared) -> Namespaces {
    let mut namespaces = Namespaces::MOUNT;
    namespaces.set(Namespaces::PID, shared.pid.is_private());
    namespaces.set(Namespaces::IPC, shared.ipc.is_private());
    namespaces.set(Namespaces::UTS, !shared.uts);
    namespaces
}

/// Returns the namespaces that another program of the container joins. The host's are left out: every
/// process is in them already, and joining them is not permitted.
pub fn joined(shared: &Shared) -> Namespaces {
    let mut namespaces = Namespaces::MOUNT;
    namespaces.set(Namespaces::IPC, shared.ipc != Sharing::Host);
    namespaces.set(Namespaces::UTS, !shared.uts);
    namespaces.set(Namespaces::CGROUP, !shared.cgroup);
    namespaces
}

/// Joins the other container's PID namespace, if requested, for the children of this process.
pub fn join_processes(shared: &Shared, other: Option<BorrowedFd<'_>>) -> Result<(), Failure> {
    match &shared.pid {
        Sharing::Private | Sharing::Host => Ok(()),
        Sharing::Container { id } => join(id, other, Namespaces::PID).map(drop),
    }
}

/// Joins the other container's IPC namespace, if requested. Call it in the container's mount namespace
/// before the pivot, while paths are the host's.
pub fn join_memory(
    shared: &Shared,
    other: Option<BorrowedFd<'_>>,
    size: u64,
) -> Result<Memory, Failure> {
    match &shared.ipc {
        Sharing::Private => Ok(Memory::Private { size }),
        Sharing::Host => Ok(Memory::Shared {
            shm: restrict(attach::clone_path("/dev/shm", Depth::Tree), "/dev/shm")?,
            queues: attach::clone_path("/dev/mqueue", Depth::Tree)
                .ok()
                .map(|mount| restrict(Ok(mount), "/dev/mqueue"))
                .transpose()?,
        }),
        Sharing::Container { id } => {
            let own = openat(CWD, "/proc/self/ns/mnt", OFlags::CLOEXEC, Mode::empty())
                .map_err(|errno| system("ipc", "namespace", errno))?;
            join(id, other, Namespaces::IPC | Namespaces::MOUNT)?;
            let root = open_own_root().map_err(|errno| system("ipc", id, errno))?;
            let shm = restrict(clone_in(root.as_fd(), "dev/shm"), "/dev/shm")?;
            let queues = restrict(clone_in(root.as_fd(), "dev/mqueue"), "/dev/mqueue")?;
            sys::namespaces::enter_mounts(own.as_fd())
                .map_err(|errno| system("ipc", "namespace", errno))?;
            Ok(Memory::Shared {
                shm,
                queues: Some(queues),
            })
        }
    }
}

/// Joins namespaces of another container, which may have ended since the request was made.
fn join(id: &str, other: Option<BorrowedFd<'_>>, namespaces: Namespaces) -> Result<(), Failure> {
    let ended = || {
        let kind = if namespaces.contains(Namespaces::PID) {
            "PID"
        } else {
            "IPC"
        };
        let message = format!("cannot join {kind} of a non running container: {id}");
        explained(FailureKind::NotRunning, "namespaces", message)
    };
    sys::namespaces::join(other.ok_or_else(ended)?, namespaces).map_err(|errno| match errno {
        Errno::SRCH => ended(),
        _ => system("namespaces", id, errno),
    })
}

fn clone_in(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Errno> {
    let directory = in_root::open_without_links(root, path, OFlags::PATH | OFlags::DIRECTORY)?;
    attach::clone_of(directory.as_fd(), Depth::One)
}

/// Restricts a shared mount like a private one.
fn restrict(mount: Result<OwnedFd, Errno>, path: &str) -> Result<OwnedFd, Failure> {
    let add = Attributes::NOSUID | Attributes::NODEV | Attributes::NOEXEC;
    mount
        .and_then(|mount| attach::restrict(mount, add, Depth::Tree))
        .map_err(|errno| system("ipc", path, errno))
}
