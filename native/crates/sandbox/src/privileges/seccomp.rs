//! The system call filter of containers.
//!
//! The table in `profile` allows, refuses or restricts each known call. Unknown numbers and calls of other
//! architectures fail with ENOSYS, so that C libraries use a fallback.

mod assembler;
mod profile;

use std::collections::BTreeMap;

use crate::privileges::capabilities::Set;
pub use assembler::Filter;
use profile::Action;

/// Returns the filter for a container with these capabilities, which some calls require.
pub fn compile(capabilities: Set) -> Filter {
    assembler::assemble(&segments(capabilities))
}

/// Returns a filter that refuses all calls but these, by number. `limited` allows calls with certain first
/// arguments only.
pub fn allow_only(calls: &[i64], limited: &[(i64, &'static [u32])]) -> Filter {
    let limited = limited
        .iter()
        .map(|(number, values)| (*number, Action::FirstArgument(values)));
    let mut actions: BTreeMap<u32, Action> = calls
        .iter()
        .map(|number| (*number, Action::Allow))
        .chain(limited)
        .filter_map(|(number, action)| Some((u32::try_from(number).ok()?, action)))
        .collect();
    // A refused run begins where an allowed one ends.
    let ends: Vec<u32> = actions.keys().map(|number| number + 1).collect();
    for number in ends.into_iter().chain([0]) {
        actions.entry(number).or_insert(Action::Refuse);
    }
    let mut segments: Vec<_> = actions.into_iter().collect();
    segments.dedup_by_key(|(_, action)| *action);
    assembler::assemble(&segments)
}

/// Returns runs of numbers with the same action, each with its first number. The first run starts at 0.
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
