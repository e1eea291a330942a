//! Copies of the calling process, and their open descriptors.

use std::convert::Infallible;
use std::ffi::{CStr, CString, c_char};
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;
use rustix::process::Pid;

use crate::errno;

/// The process in which a [`fork`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Parent(Pid),
    Child,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("fork: {0}")]
    Fork(Errno),
    /// The child would lack the other threads, and the locks they hold would never be released.
    #[error("fork: the process has more than one thread")]
    Threads,
}

/// Copies the process. Refused while there is a second thread.
pub fn fork() -> Result<Side, Error> {
    if !single_threaded() {
        return Err(Error::Threads);
    }
    // SAFETY: there is one thread, so the child's memory is consistent and no lock is held.
    match unsafe { libc::fork() } {
        0 => Ok(Side::Child),
        number if number < 0 => Err(Error::Fork(errno::last())),
        number => match Pid::from_raw(number) {
            Some(pid) => Ok(Side::Parent(pid)),
            None => Err(Error::Fork(Errno::INVAL)),
        },
    }
}

/// Executes the program in this descriptor. Returns only an error.
pub fn execute(
    program: BorrowedFd<'_>,
    arguments: &[&CStr],
    environment: &[CString],
) -> Result<Infallible, Errno> {
    let arguments = pointers(arguments.iter().copied());
    let environment = pointers(environment.iter().map(CString::as_c_str));
    // SAFETY: both lists end with a null pointer, and the texts outlive the call.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            program.as_raw_fd(),
            c"".as_ptr(),
            arguments.as_ptr(),
            environment.as_ptr(),
            libc::AT_EMPTY_PATH,
        );
    }
    Err(errno::last())
}

fn pointers<'texts>(texts: impl Iterator<Item = &'texts CStr>) -> Vec<*const c_char> {
    texts
        .map(CStr::as_ptr)
        .chain(std::iter::once(std::ptr::null()))
        .collect()
}

/// Marks every descriptor from 3 up to be closed by the next exec.
pub fn close_others_on_exec() -> Result<(), Errno> {
    // SAFETY: this call closes no descriptor itself.
    let result = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            FIRST_OTHER,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if result < 0 {
        Err(errno::last())
    } else {
        Ok(())
    }
}

/// The lowest descriptor that is not a standard stream.
const FIRST_OTHER: libc::c_uint = 3;

/// Returns whether the process has one thread, by the link count of /proc/self/task. A process that
/// cannot read it counts as having one.
pub(crate) fn single_threaded() -> bool {
    match rustix::fs::stat("/proc/self/task") {
        Ok(status) => status.st_nlink <= 3,
        Err(_) => true,
    }
}
