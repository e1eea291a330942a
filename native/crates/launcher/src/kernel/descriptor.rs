//! Descriptors.

use super::call::{Errno, call, number};

/// `F_DUPFD_CLOEXEC`
const DUPLICATE: usize = 1030;

/// An open descriptor. Descriptors stay open until the program ends or executes another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor(pub(super) i32);

impl Descriptor {
    pub const STDIN: Self = Self(0);
    pub const STDOUT: Self = Self(1);
    pub const STDERR: Self = Self(2);

    /// Returns the descriptor that a call has opened, with a number above the standard streams: a closed standard stream
    /// must stay closed.
    pub(super) fn opened(result: usize) -> Result<Self, Errno> {
        // The kernel returns small numbers.
        let opened = Self(i32::try_from(result).unwrap_or(-1));
        if opened.0 > Self::STDERR.0 {
            return Ok(opened);
        }
        let least = Self::STDERR.argument() + 1;
        // SAFETY: the calls take numbers only, and nobody else knows the descriptor.
        let moved = unsafe { call(number::FCNTL, [opened.argument(), DUPLICATE, least]) };
        let _ = unsafe { call(number::CLOSE, [opened.argument()]) };
        moved.map(|result| Self(i32::try_from(result).unwrap_or(-1)))
    }

    pub fn number(self) -> u64 {
        self.0.unsigned_abs().into()
    }

    pub(super) fn argument(self) -> usize {
        self.0.cast_unsigned() as usize
    }
}

/// Descriptor of the current directory in calls that take a directory (`AT_FDCWD`).
pub(super) const CURRENT_DIRECTORY: usize = (-100_isize).cast_unsigned();
