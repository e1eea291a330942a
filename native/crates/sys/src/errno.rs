//! The errors of calls made through libc.

use rustix::io::Errno;

/// Returns the errno of the calling thread's last failed call.
pub(crate) fn last() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}

/// Returns the error of a call whose result is negative when it has failed. To be called directly after it.
pub(crate) fn check(result: impl Into<i64>) -> Result<(), Errno> {
    if result.into() < 0 {
        Err(last())
    } else {
        Ok(())
    }
}
