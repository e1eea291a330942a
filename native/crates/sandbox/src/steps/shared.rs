//! Namespaces that a container has in common with the host or with another container.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Shared, Sharing};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use sys::clone::Namespaces;
use sys::mounts::{Attributes, Depth, Propagation, set_attributes};

use crate::failure::{explained, system};
use crate::steps::attach;
use crate::tree;

/// What programs share with others of their IPC namespace by files.
#[derive(Debug)]
pub enum Memory {
    /// Bytes; 0 for no /dev/shm.
    Own { size: u64 },
    /// No message queues where the other has none to show.
    Shared {
        shm: OwnedFd,
        queues: Option<OwnedFd>,
    },
}

/// The kinds of namespace that the container is born into.
pub fn made(shared: &Shared) -> Namespaces {
    let mut namespaces = Namespaces::MOUNT;
    namespaces.set(Namespaces::PID, shared.pid.is_private());
    namespaces.set(Namespaces::IPC, shared.ipc.is_private());
    namespaces.set(Namespaces::UTS, !shared.uts);
    namespaces
}

/// The kinds that one more program of the container has to join: of the host's nobody here is master, and
/// everybody is in them.
pub fn joined(shared: &Shared) -> Namespaces {
    let mut namespaces = Namespaces::MOUNT;
    namespaces.set(Namespaces::IPC, shared.ipc != Sharing::Host);
    namespaces.set(Namespaces::UTS, !shared.uts);
    namespaces.set(Namespaces::CGROUP, !shared.cgroup);
    namespaces
}

/// Lets the children of this process be born into the other container's pid namespace.
pub fn join_processes(shared: &Shared, other: Option<BorrowedFd<'_>>) -> Result<(), Failure> {
    match &shared.pid {
        Sharing::Private | Sharing::Host => Ok(()),
        Sharing::Container { id } => join(id, other, Namespaces::PID).map(drop),
    }
}

/// Enters the other container's IPC namespace, if that was asked for. In a mount namespace of the container's own,
/// while the host's paths still mean the host's files.
pub fn join_memory(
    shared: &Shared,
    other: Option<BorrowedFd<'_>>,
    size: u64,
) -> Result<Memory, Failure> {
    match &shared.ipc {
        Sharing::Private => Ok(Memory::Own { size }),
        Sharing::Host => Ok(Memory::Shared {
            shm: protect(attach::copy("/dev/shm", true), "/dev/shm")?,
            queues: attach::copy("/dev/mqueue", true)
                .ok()
                .map(|mount| protect(Ok(mount), "/dev/mqueue"))
                .transpose()?,
        }),
        Sharing::Container { id } => {
            let own = openat(CWD, "/proc/self/ns/mnt", OFlags::CLOEXEC, Mode::empty())
                .map_err(|errno| system("ipc", "namespace", errno))?;
            join(id, other, Namespaces::IPC | Namespaces::MOUNT)?;
            let root = open_root().map_err(|errno| system("ipc", id, errno))?;
            let shm = protect(copy_of(root.as_fd(), "dev/shm"), "/dev/shm")?;
            let queues = protect(copy_of(root.as_fd(), "dev/mqueue"), "/dev/mqueue")?;
            sys::namespaces::return_to_mounts(own.as_fd())
                .map_err(|errno| system("ipc", "namespace", errno))?;
            Ok(Memory::Shared {
                shm,
                queues: Some(queues),
            })
        }
    }
}

fn join(id: &str, other: Option<BorrowedFd<'_>>, namespaces: Namespaces) -> Result<(), Failure> {
    let other = other.ok_or_else(|| {
        let message = format!("cannot join container {id}: it is not running");
        explained(FailureKind::NotRunning, "namespaces", message)
    })?;
    sys::namespaces::join(other, namespaces).map_err(|errno| system("namespaces", id, errno))
}

fn open_root() -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, "/", flags, Mode::empty())
}

fn copy_of(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Errno> {
    let place = tree::open_plain(root, path, OFlags::PATH | OFlags::DIRECTORY)?;
    attach::copy_of(place.as_fd(), false)
}

/// As the container's own would be.
fn protect(mount: Result<OwnedFd, Errno>, path: &str) -> Result<OwnedFd, Failure> {
    let add = Attributes::NOSUID | Attributes::NODEV | Attributes::NOEXEC;
    mount
        .and_then(|mount| {
            set_attributes(mount.as_fd(), add, Propagation::Private, Depth::Tree)?;
            Ok(mount)
        })
        .map_err(|errno| system("ipc", path, errno))
}
