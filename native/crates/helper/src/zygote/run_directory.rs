//! The run directory: its lock, and the sockets in it.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use protocol::VERSION;
use protocol::failure::{Failure, FailureKind};
use rustix::fs::{Mode, OFlags, fstat, mkdirat, openat};
use rustix::io::Errno;
use rustix::process::geteuid;
use sys::event::{Interest, Poll};
use sys::watched::Watched;
use sys::{lock, seqpacket};

/// Directory of the monitors' sockets.
const MONITORS: &str = "monitors";

/// Daemons that may wait to be accepted.
pub const BACKLOG: i32 = 128;

/// Opens the run directory. Refuses one that another user owns or can change.
pub fn open(path: &Path) -> Result<OwnedFd, Failure> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(path, flags, Mode::empty())
        .map_err(|errno| Failure::of_call("open-directory", &path.to_string_lossy(), errno))?;
    let status = fstat(&directory)
        .map_err(|errno| Failure::of_call("run-directory", &path.to_string_lossy(), errno))?;
    if status.st_uid != geteuid().as_raw() || status.st_mode & 0o022 != 0 {
        let message = format!(
            "{} must belong to the user and be writable by nobody else",
            path.display()
        );
        return Err(Failure::new(
            FailureKind::InvalidArgument,
            "run-directory",
            message,
        ));
    }
    Ok(directory)
}

/// Creates the directory of the monitors' sockets if it does not exist.
pub fn ensure_monitors(run: &OwnedFd) -> Result<(), Failure> {
    match mkdirat(run, MONITORS, Mode::from_raw_mode(0o700)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(Failure::of_call("run-directory", MONITORS, errno)),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    openat(run, MONITORS, flags, Mode::empty())
        .map(drop)
        .map_err(|errno| Failure::of_call("run-directory", MONITORS, errno))
}

/// Takes the lock of the only zygote of a run directory.
pub fn take_lock(run: &OwnedFd) -> Result<OwnedFd, Failure> {
    let name = format!("zygote-{VERSION}.lock");
    let lock = lock::try_exclusive(run.as_fd(), &name)
        .map_err(|error| Failure::new(FailureKind::System, "lock", error))?;
    lock.ok_or_else(|| Failure {
        errno: Some(Errno::WOULDBLOCK.raw_os_error()),
        subject: Some(name),
        ..Failure::new(
            FailureKind::System,
            "lock",
            "another zygote serves this run directory",
        )
    })
}

/// Listens on a socket of the run directory.
pub fn listen(poll: &Poll, run: &OwnedFd, name: &str, token: u64) -> Result<Watched, Failure> {
    let explain = |call| move |errno| Failure::of_call("zygote", call, errno);
    let listener = seqpacket::listen(run.as_fd(), name, BACKLOG)
        .map_err(|error| Failure::new(FailureKind::System, "zygote-socket", error))?;
    rustix::io::ioctl_fionbio(&listener, true).map_err(explain("listener"))?;
    let mut listener = Watched::new(listener, token);
    listener
        .watch(poll, Some(Interest::READ))
        .map_err(explain("epoll"))?;
    Ok(listener)
}
