//! Copies of the calling process, and their open descriptors.

use std::convert::Infallible;
use std::ffi::{CStr, CString, c_char, c_uint};
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
    unsafe { close_range(FIRST_OTHER, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) }
}

/// Closes every descriptor from 3 up but those in `kept`. Neither drops nor frees `rest`, which owns closed descriptors: in a
/// new process, each write to a page of memory copies the page.
///
/// Every owner of a closed descriptor must be in `rest`.
pub fn abandon<T>(rest: T, kept: &[BorrowedFd<'_>]) {
    match close_around(&numbers(kept)) {
        Ok(()) => std::mem::forget(rest),
        // Kernels before 5.9 have no such call, and have closed nothing.
        Err(_) => drop(rest),
    }
}

/// Closes every descriptor from 3 up but those in `kept`, and ends the process with `end`, which uses no other
/// descriptor. The process exits with 127 if `end` returns, so that no owner of a closed descriptor is dropped.
pub fn end_without_others(kept: &[BorrowedFd<'_>], end: impl FnOnce(Result<(), Errno>)) -> ! {
    end(close_around(&numbers(kept)));
    std::process::exit(127)
}

/// Returns the numbers of the descriptors from 3 up, ascending.
fn numbers(descriptors: &[BorrowedFd<'_>]) -> Vec<c_uint> {
    let mut numbers: Vec<c_uint> = descriptors
        .iter()
        .filter_map(|descriptor| c_uint::try_from(descriptor.as_raw_fd()).ok())
        .filter(|number| *number >= FIRST_OTHER)
        .collect();
    numbers.sort_unstable();
    numbers
}

/// Closes every descriptor from 3 up but those in `kept`, which ascend.
fn close_around(kept: &[c_uint]) -> Result<(), Errno> {
    let mut first = FIRST_OTHER;
    for number in kept {
        if first < *number {
            // SAFETY: the caller does not use these descriptors any more.
            unsafe { close_range(first, number - 1, 0) }?;
        }
        first = number + 1;
    }
    // SAFETY: as above.
    unsafe { close_range(first, u32::MAX, 0) }
}

/// # Safety
///
/// Unless the flags only mark the descriptors, the caller must not use them afterwards.
unsafe fn close_range(first: c_uint, last: c_uint, flags: c_uint) -> Result<(), Errno> {
    // SAFETY: the call reads no memory; the caller vouches for the descriptors.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    errno::check(result)
}

/// The lowest descriptor that is not a standard stream.
const FIRST_OTHER: c_uint = 3;

/// Returns whether the process has one thread, by the link count of /proc/self/task. A process that
/// cannot read it counts as having one.
pub(crate) fn single_threaded() -> bool {
    match rustix::fs::stat("/proc/self/task") {
        Ok(status) => status.st_nlink <= 3,
        Err(_) => true,
    }
}
