//! Resource limits by Docker's names.

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Rlimit;
use rustix::process::{self, Resource, getrlimit, setrlimit};

use crate::failure::{explained, system};

/// Sets a limit. The error for a hard limit above the caller's names both values.
pub fn apply(limit: &Rlimit) -> Result<(), Failure> {
    let name = &limit.name;
    let Some(resource) = resource(name) else {
        return Err(invalid(format!("unknown ulimit {name:?}")));
    };
    let (soft, hard) = (value(limit.soft), value(limit.hard));
    let allowed = getrlimit(resource).maximum;
    if allowed.is_some_and(|allowed| hard.is_none_or(|hard| hard > allowed)) {
        let message = format!(
            "ulimit {name}: hard limit {} exceeds the allowed maximum {}",
            shown(hard),
            shown(allowed)
        );
        return Err(invalid(message));
    }
    if hard.is_some_and(|hard| soft.is_none_or(|soft| soft > hard)) {
        let message = format!(
            "ulimit {name}: soft limit {} exceeds the hard limit {}",
            shown(soft),
            shown(hard)
        );
        return Err(invalid(message));
    }
    setrlimit(
        resource,
        process::Rlimit {
            current: soft,
            maximum: hard,
        },
    )
    .map_err(|errno| system("rlimits", name, errno))
}

fn value(number: i64) -> Option<u64> {
    u64::try_from(number).ok()
}

fn shown(value: Option<u64>) -> String {
    value.map_or_else(|| "unlimited".to_owned(), |value| value.to_string())
}

fn invalid(message: String) -> Failure {
    explained(FailureKind::InvalidArgument, "rlimits", message)
}

fn resource(name: &str) -> Option<Resource> {
    Some(match name {
        "core" => Resource::Core,
        "cpu" => Resource::Cpu,
        "data" => Resource::Data,
        "fsize" => Resource::Fsize,
        "locks" => Resource::Locks,
        "memlock" => Resource::Memlock,
        "msgqueue" => Resource::Msgqueue,
        "nice" => Resource::Nice,
        "nofile" => Resource::Nofile,
        "nproc" => Resource::Nproc,
        "rss" => Resource::Rss,
        "rtprio" => Resource::Rtprio,
        "rttime" => Resource::Rttime,
        "sigpending" => Resource::Sigpending,
        "stack" => Resource::Stack,
        _ => return None,
    })
}
