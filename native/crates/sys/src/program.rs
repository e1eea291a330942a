//! Replaces the process by another program.

use std::convert::Infallible;
use std::ffi::{CStr, CString, c_char};

use rustix::io::Errno;

use crate::errno;

/// Executes the program at `path`. Returns only an error.
pub fn execute(
    path: &CStr,
    arguments: &[CString],
    environment: &[CString],
) -> Result<Infallible, Errno> {
    let arguments = pointers(arguments);
    let environment = pointers(environment);
    // SAFETY: both lists end with a null pointer, and the texts outlive the call.
    unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    Err(errno::last())
}

fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts
        .iter()
        .map(|text| text.as_ptr())
        .chain(std::iter::once(std::ptr::null()))
        .collect()
}
