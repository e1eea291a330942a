//! System call filters: the default profile of containers, profiles in Docker's and Podman's JSON format, and lists for
//! the helper's own processes.
//!
//! A filter is a table from a call's number to a decision, assembled into a classic BPF program. Calls of other
//! architectures fail with ENOSYS, so that C libraries use a fallback.

mod architecture;
mod assembler;
mod default_profile;
mod errno_names;
pub mod interpreter;
mod json;
mod profile;
mod rules;
mod table;

pub use architecture::Architecture;
pub use assembler::Filter;
pub use json::Error;
pub use profile::{Compiled, Profile, Target};
pub use rules::{Comparison, Condition, Decision, Operator, Rule};
pub use table::Table;

/// Returns the default profile's filter for a container of the native architecture.
pub fn default_filter(has: &dyn Fn(&str) -> bool) -> Filter {
    default_table(Architecture::NATIVE, has).assemble()
}

/// Returns the default profile for a container whose capabilities `has` knows, by names without `CAP_`.
pub fn default_table(architecture: Architecture, has: &dyn Fn(&str) -> bool) -> Table {
    default_profile::table(architecture, has)
}

/// Returns a filter that refuses all calls but these, by number. `limited` allows calls with certain first
/// arguments only. `absent` fails with ENOSYS.
pub fn allow_only(
    calls: &[libc::c_long],
    limited: &[(libc::c_long, &[u32])],
    absent: &[libc::c_long],
) -> Filter {
    let refuse = rules::errno(libc::EPERM);
    let mut table = Table::new(Architecture::NATIVE, refuse);
    let numbers = |number: libc::c_long| u32::try_from(number).ok();
    for number in calls.iter().copied().filter_map(numbers) {
        table.add(number, Rule::always(rules::ALLOW));
    }
    for number in absent.iter().copied().filter_map(numbers) {
        table.add(number, Rule::always(rules::errno(libc::ENOSYS)));
    }
    for (number, values) in limited {
        let Some(number) = numbers(*number) else {
            continue;
        };
        for value in *values {
            let equal = Condition::low(0, Comparison::Equal, *value);
            table.add(number, Rule::when(vec![equal], rules::ALLOW));
        }
    }
    table.assemble()
}

#[cfg(test)]
mod tests;
