//! A child in new namespaces.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::io::Errno;

bitflags::bitflags! {
    /// The namespaces a child is born into.
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

/// CLONE_INTO_CGROUP: libc's constant has lost its upper half.
const INTO_CGROUP: u64 = 0x2_0000_0000;

/// Which side of a [`clone3`] this is.
#[derive(Debug)]
pub enum Side {
    Parent { pid: u32, pidfd: OwnedFd },
    Child,
}

/// Copies the single-threaded process into new namespaces and, if one is given, a cgroup.
pub fn clone3(namespaces: Namespaces, cgroup: Option<BorrowedFd<'_>>) -> Result<Side, Errno> {
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
    // SAFETY: without CLONE_VM the child gets a copy of the memory; the caller has one thread, so the
    // copy is consistent. `pidfd` outlives the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw const arguments,
            size_of::<libc::clone_args>(),
        )
    };
    if result < 0 {
        return Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL));
    }
    if result == 0 {
        return Ok(Side::Child);
    }
    // SAFETY: the kernel has just made this descriptor and nobody else owns it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Side::Parent {
        pid: result as u32,
        pidfd,
    })
}
