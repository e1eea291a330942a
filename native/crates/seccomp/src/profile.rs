//! Profiles of users.

use crate::architecture::Architecture;
use crate::assembler::Filter;
use crate::errno_names;
use crate::json::{self, Argument, Call, Document, Error, Selection, field};
use crate::rules::{Action, Comparison, Condition, Operator, Rule, errno, permits};
use crate::table::Table;

/// The container and the host that a filter is for.
pub struct Target<'target> {
    pub architecture: Architecture,
    /// Reports whether the container has a capability, by its name without `CAP_`.
    pub has: &'target dyn Fn(&str) -> bool,
    /// Major and minor version of the kernel.
    pub kernel: (u32, u32),
}

/// A parsed profile.
#[derive(Debug)]
pub struct Profile {
    document: Document,
}

/// A filter and the kernel's flags for its installation.
#[derive(Debug)]
pub struct Compiled {
    pub filter: Filter,
    pub flags: u32,
}

impl Profile {
    /// Reads a profile. Fields are checked by [`Profile::compile`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let document = json::parse(text)?;
        Ok(Self { document })
    }

    /// Returns the filter; `None` for a profile without a default action and calls, which means no filter.
    pub fn compile(&self, target: &Target<'_>) -> Result<Option<Compiled>, Error> {
        let Some(table) = self.table(target)? else {
            return Ok(None);
        };
        let filter = table.assemble();
        // The kernel limits the length of a filter.
        if filter.len() > libc::BPF_MAXINSNS as usize {
            let reason = format!("{} instructions, the kernel takes 4096", filter.len());
            return Err(field("syscalls", reason));
        }
        let flags = self.flags()?;
        Ok(Some(Compiled { filter, flags }))
    }

    /// Returns the rules of the profile.
    pub fn table(&self, target: &Target<'_>) -> Result<Option<Table>, Error> {
        let document = &self.document;
        let calls = document.syscalls.as_deref().unwrap_or_default();
        if document.default_action.is_empty() && calls.is_empty() {
            return Ok(None);
        }
        if !document.listener_path.is_empty() {
            return Err(field("listenerPath", "a listener is not supported"));
        }
        let maps = document.arch_map.as_deref().unwrap_or_default();
        if !maps.is_empty()
            && document
                .architectures
                .as_ref()
                .is_some_and(|all| !all.is_empty())
        {
            return Err(field("archMap", "use either 'architectures' or 'archMap'"));
        }
        let default = ActionText {
            action: &document.default_action,
            number: document.default_errno_ret,
            name: &document.default_errno,
            fields: ["defaultAction", "defaultErrnoRet", "defaultErrno"].map(str::to_owned),
        }
        .parse()?;
        let mut table = Table::new(target.architecture, default);
        for (index, call) in calls.iter().enumerate() {
            add(&mut table, call, &format!("syscalls[{index}]"), target)?;
        }
        if !permits(default) {
            table.hide_unknown();
        }
        Ok(Some(table))
    }

    fn flags(&self) -> Result<u32, Error> {
        let names = self.document.flags.as_deref().unwrap_or_default();
        let mut flags = 0;
        for (index, name) in names.iter().enumerate() {
            flags |= match name.as_str() {
                "SECCOMP_FILTER_FLAG_LOG" => libc::SECCOMP_FILTER_FLAG_LOG as u32,
                "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW as u32,
                // The process has one thread.
                "SECCOMP_FILTER_FLAG_TSYNC" => 0,
                other => {
                    let reason = format!("{other:?} is not supported");
                    return Err(field(format!("flags[{index}]"), reason));
                }
            };
        }
        Ok(flags)
    }
}

/// Adds the rules of an entry.
fn add(table: &mut Table, call: &Call, path: &str, target: &Target<'_>) -> Result<(), Error> {
    let names = call.names.as_deref().unwrap_or_default();
    let names = match (call.name.as_str(), names) {
        ("", []) => return Err(field(format!("{path}.names"), "no call is named")),
        ("", names) => names,
        (_, []) => std::slice::from_ref(&call.name),
        _ => {
            return Err(field(
                format!("{path}.name"),
                "use either 'name' or 'names'",
            ));
        }
    };
    let action = ActionText {
        action: &call.action,
        number: call.errno_ret,
        name: &call.errno,
        fields: ["action", "errnoRet", "errno"].map(|name| format!("{path}.{name}")),
    }
    .parse()?;
    let rules = rules(call, path, action)?;
    if !applies(call, path, target)? {
        return Ok(());
    }
    // A name of another architecture or of a later kernel is unknown here.
    for number in names
        .iter()
        .filter_map(|name| target.architecture.number(name))
    {
        for rule in &rules {
            table.add(number, rule.clone());
        }
    }
    Ok(())
}

/// Returns one rule with all conditions, or one for each condition if two are about the same argument, as runc does.
fn rules(call: &Call, path: &str, action: Action) -> Result<Vec<Rule>, Error> {
    let arguments = call.args.as_deref().unwrap_or_default();
    let mut conditions = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        conditions.push(condition(argument, &format!("{path}.args[{index}]"))?);
    }
    let is_repeated = conditions
        .iter()
        .enumerate()
        .any(|(index, one): (usize, &Condition)| {
            conditions[..index]
                .iter()
                .any(|other| other.argument == one.argument)
        });
    Ok(match is_repeated {
        false => vec![Rule::when(conditions, action)],
        true => conditions
            .into_iter()
            .map(|one| Rule::when(vec![one], action))
            .collect(),
    })
}

fn condition(argument: &Argument, path: &str) -> Result<Condition, Error> {
    let Some(index) = u8::try_from(argument.index).ok().filter(|index| *index < 6) else {
        let reason = format!("{} is not an argument, 0 to 5", argument.index);
        return Err(field(format!("{path}.index"), reason));
    };
    let (comparison, negated) = match argument.op.as_str() {
        "SCMP_CMP_EQ" | "SCMP_CMP_MASKED_EQ" => (Comparison::Equal, false),
        "SCMP_CMP_NE" => (Comparison::Equal, true),
        "SCMP_CMP_LT" => (Comparison::Less, false),
        "SCMP_CMP_GE" => (Comparison::Less, true),
        "SCMP_CMP_GT" => (Comparison::Greater, false),
        "SCMP_CMP_LE" => (Comparison::Greater, true),
        other => {
            return Err(field(
                format!("{path}.op"),
                format!("unknown operator {other:?}"),
            ));
        }
    };
    let (mask, value) = match argument.op.as_str() {
        "SCMP_CMP_MASKED_EQ" => (argument.value, argument.value_two & argument.value),
        _ => (u64::MAX, argument.value),
    };
    let operator = Operator {
        comparison,
        negated,
    };
    Ok(Condition {
        argument: index,
        operator,
        mask,
        value,
    })
}

/// Reports whether an entry is for this container and host.
fn applies(call: &Call, path: &str, target: &Target<'_>) -> Result<bool, Error> {
    let names = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    let holds = |name: &String| (target.has)(name.strip_prefix("CAP_").unwrap_or(name));
    let is_native = |name: &String| name == target.architecture.in_profiles();
    let is_reached = |selection: &Selection, side: &str| match &selection.min_kernel {
        None => Ok(None),
        Some(text) => kernel(text, &format!("{path}.{side}.minKernel"))
            .map(|least| Some(target.kernel >= least)),
    };
    if let Some(excludes) = &call.excludes {
        let is_new = is_reached(excludes, "excludes")? == Some(true);
        if is_new
            || names(&excludes.arches).iter().any(is_native)
            || names(&excludes.caps).iter().any(holds)
        {
            return Ok(false);
        }
    }
    let Some(includes) = &call.includes else {
        return Ok(true);
    };
    let is_old = is_reached(includes, "includes")? == Some(false);
    let arches = names(&includes.arches);
    let is_foreign = !arches.is_empty() && !arches.iter().any(is_native);
    Ok(!is_old && !is_foreign && names(&includes.caps).iter().all(holds))
}

fn kernel(text: &str, path: &str) -> Result<(u32, u32), Error> {
    let version = text
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    version.ok_or_else(|| field(path, format!("{text:?} is not a version such as 4.8")))
}

/// An action and its errno, with the names of their fields.
struct ActionText<'text> {
    action: &'text str,
    number: Option<u32>,
    name: &'text str,
    fields: [String; 3],
}

/// Highest errno that the kernel returns to a program.
const LAST_ERRNO: u32 = 4095;

impl ActionText<'_> {
    fn parse(&self) -> Result<Action, Error> {
        let [action, number, _] = &self.fields;
        let value = self.errno()?;
        Ok(match self.action {
            "SCMP_ACT_ERRNO" => errno(value),
            "SCMP_ACT_TRACE" => libc::SECCOMP_RET_TRACE | value as u32,
            "SCMP_ACT_NOTIFY" => {
                return Err(field(
                    action,
                    "SCMP_ACT_NOTIFY needs a listener, which is not supported",
                ));
            }
            other => {
                let parsed = match other {
                    "SCMP_ACT_ALLOW" => libc::SECCOMP_RET_ALLOW,
                    "SCMP_ACT_LOG" => libc::SECCOMP_RET_LOG,
                    "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => libc::SECCOMP_RET_KILL_THREAD,
                    "SCMP_ACT_KILL_PROCESS" => libc::SECCOMP_RET_KILL_PROCESS,
                    "SCMP_ACT_TRAP" => libc::SECCOMP_RET_TRAP,
                    "" => return Err(field(action, "missing")),
                    _ => return Err(field(action, format!("unknown action {other:?}"))),
                };
                if self.number.is_some() || !self.name.is_empty() {
                    return Err(field(number, format!("{other} has no errno")));
                }
                parsed
            }
        })
    }

    fn errno(&self) -> Result<i32, Error> {
        let [_, number, name] = &self.fields;
        if !self.name.is_empty() {
            return errno_names::number(self.name)
                .ok_or_else(|| field(name, format!("unknown errno {:?}", self.name)));
        }
        match self.number {
            None => Ok(libc::EPERM),
            Some(value) if value <= LAST_ERRNO => Ok(value as i32),
            Some(value) => Err(field(number, format!("{value} is above {LAST_ERRNO}"))),
        }
    }
}
