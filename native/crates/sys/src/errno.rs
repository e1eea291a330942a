//! The error of a call made through libc.

use rustix::io::Errno;

/// Returns the errno of the calling thread's last failed call.
pub(crate) fn last() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}
