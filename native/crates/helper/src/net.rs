//! The net helper: one process for the networks of one user. It stays in the host's network namespace, where
//! it makes what containers ask for.

mod control;
mod inhabitants;
mod maker;
pub mod messages;
mod serve;

use std::os::fd::OwnedFd;
use std::path::Path;

use protocol::zygote::Mapping;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the zygote forks it with: what an earlier one left, too.
#[derive(Debug)]
pub struct Order {
    /// To the zygote.
    pub zygote: OwnedFd,
    /// Where a later zygote is to find it.
    pub run: OwnedFd,
    /// To the daemon that asked for it.
    pub daemon: OwnedFd,
    /// The namespace that the bridges are in.
    pub namespace: Option<OwnedFd>,
    pub sandboxes: Vec<(u64, OwnedFd)>,
}

const RESOLVER: &str = "/etc/resolv.conf";

/// Serves as long as there is anybody to serve: a zygote, a daemon, or a container.
pub fn run(mapping: &Mapping, order: Order) {
    let _ = rustix::thread::set_name(c"tbox-net");
    // The zygote had them blocked to read them.
    let _ = sys::signals::reset();
    let limit = getrlimit(Resource::Nofile);
    // Every connection of a container takes two.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    );
    serve::run(order, mapping, highest_group(mapping), Path::new(RESOLVER));
}

/// The last of the group ids that follow one another from 0.
fn highest_group(mapping: &Mapping) -> u32 {
    let mut next = 0;
    while let Some(range) = mapping
        .gids
        .iter()
        .find(|range| range.inside == next && range.count > 0)
    {
        next += range.count;
    }
    next.saturating_sub(1)
}
