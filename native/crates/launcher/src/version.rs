//! `tbox --version`, which needs neither daemon nor Bun program.

use crate::kernel::{Descriptor, Start, exit, write};

const TEXT: &[u8] = concat!("tbox version ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// Returns whether the first argument requests the version, as in `src/cli/registry/built-ins.ts`.
pub fn is_asked(start: &Start) -> bool {
    matches!(start.command(), Some(b"--version" | b"-v"))
}

/// Prints the version and ends the program. Returns if the write fails: the Bun program reports failures.
pub fn print() {
    if write(Descriptor::STDOUT, TEXT) == Ok(TEXT.len()) {
        exit(0);
    }
}
