//! Copies of the calling process, and its replacement by another program.

use std::convert::Infallible;
use std::ffi::{CStr, c_char};
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::Errno;
use rustix::process::Pid;

/// Which side of a [`fork`] this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Parent(Pid),
    Child,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("fork: {0}")]
    Fork(Errno),
    /// A copy made now would lack the other threads, and the locks they hold would never open.
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
        number => match Pid::from_raw(number) {
            Some(pid) if number > 0 => Ok(Side::Parent(pid)),
            _ => Err(Error::Fork(last_error())),
        },
    }
}

/// Executes the program in this descriptor with these arguments and an empty environment.
pub fn execute(program: BorrowedFd<'_>, arguments: &[&CStr]) -> Result<Infallible, Errno> {
    let mut pointers: Vec<*const c_char> = arguments.iter().map(|text| text.as_ptr()).collect();
    pointers.push(std::ptr::null());
    let environment = [std::ptr::null::<c_char>()];
    // SAFETY: both lists end with a null pointer, and the texts outlive the call.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            program.as_raw_fd(),
            c"".as_ptr(),
            pointers.as_ptr(),
            environment.as_ptr(),
            libc::AT_EMPTY_PATH,
        );
    }
    Err(last_error())
}

/// Marks every descriptor from 3 up to be closed by the next exec.
pub fn close_others_on_exec() -> Result<(), Errno> {
    // SAFETY: no descriptor is closed by this call itself.
    let result = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    if result < 0 {
        Err(last_error())
    } else {
        Ok(())
    }
}

/// Closes every descriptor from 3 up at once. For a process that uses none of them any more and ends by
/// `exit`, without dropping what owned them.
pub fn close_others() {
    // SAFETY: the caller's promise above: no owner of a closed descriptor is used or dropped later.
    unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
}

/// The kernel's count, by the link count of /proc/self/task; unknown counts as one, since a
/// process that starts no threads has one.
fn single_threaded() -> bool {
    match rustix::fs::stat("/proc/self/task") {
        Ok(status) => status.st_nlink <= 3,
        Err(_) => true,
    }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}
