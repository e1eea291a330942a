//! The system call filter: what a container may ask of the kernel.
//!
//! The calls of the table in `profile` are allowed or refused one by one; every number that is not in it,
//! and every call of a foreign architecture, is answered ENOSYS, so that C libraries fall back.

mod profile;
mod program;

use crate::capabilities::Set;
use profile::Action;

pub type Program = Vec<sys::seccomp::Instruction>;

/// The filter for a container with these capabilities: some calls are only allowed with one.
pub fn compile(capabilities: Set) -> Program {
    program::assemble(&segments(capabilities))
}

/// Runs of numbers that are treated alike, each with its first number; the first starts at 0.
fn segments(capabilities: Set) -> Vec<(u32, Action)> {
    let mut segments: Vec<(u32, Action)> = Vec::new();
    for number in 0..=profile::LAST + 1 {
        let action = profile::action(number, capabilities);
        if segments.last().is_none_or(|(_, last)| *last != action) {
            segments.push((number, action));
        }
    }
    segments
}

#[cfg(test)]
mod tests;
