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

/// A call that is allowed only if one of its arguments has one of these values. The high half of the argument is ignored.
#[derive(Debug, Clone)]
pub struct Limited {
    pub call: libc::c_long,
    /// Index of the argument, 0 to 5.
    pub argument: u8,
    pub values: Vec<u32>,
}

impl Limited {
    pub fn new(call: libc::c_long, argument: u8, values: &[u32]) -> Self {
        Self {
            call,
            argument,
            values: values.to_vec(),
        }
    }
}

/// Returns a filter that refuses all calls but these, by number. `absent` fails with ENOSYS.
pub fn allow_only(calls: &[libc::c_long], limited: &[Limited], absent: &[libc::c_long]) -> Filter {
    let refuse = rules::errno(libc::EPERM);
    let mut table = Table::new(Architecture::NATIVE, refuse);
    let numbers = |number: libc::c_long| u32::try_from(number).ok();
    for number in calls.iter().copied().filter_map(numbers) {
        table.add(number, Rule::always(rules::ALLOW));
    }
    for number in absent.iter().copied().filter_map(numbers) {
        table.add(number, Rule::always(rules::errno(libc::ENOSYS)));
    }
    for limited in limited {
        let Some(number) = numbers(limited.call) else {
            continue;
        };
        for value in &limited.values {
            let equal = Condition::low(limited.argument, Comparison::Equal, *value);
            table.add(number, Rule::when(vec![equal], rules::ALLOW));
        }
    }
    table.assemble()
}

#[cfg(test)]
mod tests;
