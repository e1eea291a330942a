//! The arguments of this process, its user, and its end.

use core::ffi::{CStr, c_char};
use core::slice;

use super::call::{Errno, call, number};

/// Arguments and environment that the kernel put on this program's stack.
#[derive(Clone, Copy)]
pub struct Start {
    arguments: *const *const c_char,
    environment: *const *const c_char,
}

impl Start {
    /// # Safety
    ///
    /// Both point to the arrays that the kernel made: pointers to strings, and a null pointer at the end.
    pub unsafe fn new(arguments: *const *const c_char, environment: *const *const c_char) -> Self {
        Self {
            arguments,
            environment,
        }
    }

    pub fn arguments(&self) -> impl Iterator<Item = &'static CStr> + Clone {
        Strings(self.arguments)
    }

    /// Returns the first argument, which names the command unless it is an option.
    pub fn command(&self) -> Option<&'static [u8]> {
        self.arguments().nth(1).map(CStr::to_bytes)
    }

    pub fn environment(&self) -> impl Iterator<Item = &'static CStr> + Clone {
        Strings(self.environment)
    }

    /// Returns the value of a variable.
    pub fn variable(&self, name: &[u8]) -> Option<&'static CStr> {
        self.environment().find_map(|entry| {
            let bytes = entry.to_bytes_with_nul();
            let value = bytes.strip_prefix(name)?.strip_prefix(b"=")?;
            CStr::from_bytes_with_nul(value).ok()
        })
    }

    /// Returns the memory with all arguments and variables, each with its NUL; `None` if it is not contiguous.
    pub fn strings(&self) -> Option<&'static [u8]> {
        let mut all = self.arguments().chain(self.environment());
        let first = all.next()?;
        let mut end = end_of(first);
        for next in all {
            if next.as_ptr() as usize != end {
                return None;
            }
            end = end_of(next);
        }
        let length = end - first.as_ptr() as usize;
        // SAFETY: the strings adjoin, so all bytes between the first and the last belong to them. They are never changed.
        Some(unsafe { slice::from_raw_parts(first.as_ptr().cast(), length) })
    }
}

fn end_of(text: &CStr) -> usize {
    text.as_ptr() as usize + text.count_bytes() + 1
}

#[derive(Clone)]
struct Strings(*const *const c_char);

impl Iterator for Strings {
    type Item = &'static CStr;

    fn next(&mut self) -> Option<&'static CStr> {
        // SAFETY: `Start::new` promises an array that ends with a null pointer, which is never passed.
        let pointer = unsafe { *self.0 };
        if pointer.is_null() {
            return None;
        }
        // SAFETY: the entry is not the last one; its string ends with NUL and lives as long as the process.
        unsafe {
            self.0 = self.0.add(1);
            Some(CStr::from_ptr(pointer))
        }
    }
}

pub fn effective_user() -> u32 {
    // SAFETY: the call has no arguments and cannot fail.
    let user = unsafe { call(number::GETEUID, []) };
    user.ok().and_then(|id| u32::try_from(id).ok()).unwrap_or(0)
}

/// Replaces this program, with the same arguments and environment. Returns only after a failure.
pub fn execute(program: &CStr, start: &Start) -> Errno {
    let (arguments, environment) = (start.arguments as usize, start.environment as usize);
    // SAFETY: the path ends with NUL, and the arrays are the kernel's own.
    match unsafe {
        call(
            number::EXECVE,
            [program.as_ptr() as usize, arguments, environment],
        )
    } {
        Err(error) => error,
        Ok(_) => Errno(0),
    }
}

pub fn exit(code: u8) -> ! {
    loop {
        // SAFETY: the call ends the process.
        let _ = unsafe { call(number::EXIT_GROUP, [usize::from(code)]) };
    }
}
