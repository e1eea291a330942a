//! Child processes in new namespaces.

use std::convert::Infallible;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::io::Errno;

use crate::errno;
use crate::fork::single_threaded;
use crate::namespace_limits;

bitflags::bitflags! {
    /// Namespaces of a process.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Namespaces: u64 {
        const MOUNT = libc::CLONE_NEWNS as u64;
        const PID = libc::CLONE_NEWPID as u64;
        const IPC = libc::CLONE_NEWIPC as u64;
        const UTS = libc::CLONE_NEWUTS as u64;
        const CGROUP = libc::CLONE_NEWCGROUP as u64;
        const NETWORK = libc::CLONE_NEWNET as u64;
        const USER = libc::CLONE_NEWUSER as u64;
    }
}

/// CLONE_INTO_CGROUP. The constant in libc lacks its upper half.
const INTO_CGROUP: u64 = 0x2_0000_0000;

/// A child process.
#[derive(Debug)]
pub struct Child {
    pub pid: u32,
    pub pidfd: OwnedFd,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Clone(Errno),
    /// The child would lack the other threads, and the locks they hold would never be released.
    #[error("the process has more than one thread")]
    Threads,
}

/// Copies the process into new namespaces and, if given, a cgroup. The child runs `run`, which ends the
/// process and therefore never returns. Refused while there is a second thread.
///
/// `parent` exists in the parent only and `run` in the child only: the other process drops it, so each end
/// of a socket pair has one owner.
pub fn clone3<P>(
    namespaces: Namespaces,
    cgroup: Option<BorrowedFd<'_>>,
    parent: P,
    run: impl FnOnce() -> Infallible,
) -> Result<(Child, P), Error> {
    if !single_threaded() {
        return Err(Error::Threads);
    }
    let mut pidfd: libc::c_int = -1;
    // SAFETY: all-zero is a valid clone_args.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = namespaces.bits() | libc::CLONE_PIDFD as u64;
    arguments.pidfd = (&raw mut pidfd) as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = cgroup {
        arguments.flags |= INTO_CGROUP;
        arguments.cgroup = cgroup.as_raw_fd() as u64;
    }
    let result = namespace_limits::within(|| {
        // SAFETY: without CLONE_VM the child gets a copy of the memory. There is one thread, so the copy is
        // consistent and no lock is held. `pidfd` outlives the call.
        let result = unsafe {
            libc::syscall(
                libc::SYS_clone3,
                &raw const arguments,
                size_of::<libc::clone_args>(),
            )
        };
        u32::try_from(result).map_err(|_| errno::last())
    });
    let pid = result.map_err(Error::Clone)?;
    if pid == 0 {
        drop(parent);
        run_in_child(run);
    }
    // SAFETY: the kernel has just created this descriptor and nobody else owns it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok((Child { pid, pidfd }, parent))
}

/// Runs a function that ends the process. Aborts the process if it panics: the parent's stack frames must
/// not unwind in the child.
fn run_in_child(run: impl FnOnce() -> Infallible) -> ! {
    let _guard = AbortOnDrop;
    match run() {}
}

struct AbortOnDrop;

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clone3_is_refused_while_there_is_a_second_thread() {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || stopped.recv());
        let result = clone3(Namespaces::empty(), None, (), || std::process::exit(0));
        assert!(matches!(result, Err(Error::Threads)));
        drop(stop);
        assert!(thread.join().unwrap().is_err());
    }
}
