//! The system call filter: what a container may ask of the kernel.
//!
//! The calls of the table in `profile` are allowed or refused one by one; every number that is not in it,
//! and every call of a foreign architecture, is answered ENOSYS, so that C libraries fall back.

mod profile;
mod program;

use std::collections::BTreeMap;

use crate::capabilities::Set;
use profile::Action;

pub type Program = Vec<sys::seccomp::Instruction>;

/// The filter for a container with these capabilities: some calls are only allowed with one.
pub fn compile(capabilities: Set) -> Program {
    program::assemble(&segments(capabilities))
}

/// A filter that refuses everything but these calls, by number; some are allowed only with certain first arguments.
pub fn allow_only(calls: &[i64], limited: &[(i64, &'static [u32])]) -> Program {
    let limited = limited
        .iter()
        .map(|(number, values)| (*number, Action::FirstArgument(values)));
    let mut actions: BTreeMap<u32, Action> = calls
        .iter()
        .map(|number| (*number, Action::Allow))
        .chain(limited)
        .filter_map(|(number, action)| Some((u32::try_from(number).ok()?, action)))
        .collect();
    // Where a run of allowed ones ends, refusing begins.
    let ends: Vec<u32> = actions.keys().map(|number| number + 1).collect();
    for number in ends.into_iter().chain([0]) {
        actions.entry(number).or_insert(Action::Refuse);
    }
    let mut segments: Vec<_> = actions.into_iter().collect();
    segments.dedup_by_key(|(_, action)| *action);
    program::assemble(&segments)
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
