//! The start of the net helper in a fork of the zygote.

use std::path::Path;
use std::time::Duration;

use protocol::zygote::Mapping;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::host_lookup::{self, Forked, HostLookup};
use super::inheritance::NetHelperStart;
use super::server;

const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Length of the helper's scheduler slices. A container that floods the network also uses the processors, and the packets
/// of other containers would wait for its slices of 3 ms.
const SLICE: Duration = Duration::from_micros(100);

/// Serves until no zygote, daemon or container needs the helper.
pub fn run(mapping: &Mapping, start: NetHelperStart) {
    let _ = rustix::thread::set_name(c"tbox-net");
    let _ = sys::scheduling::set_slice(SLICE);
    // The zygote blocks signals in order to read them from a descriptor.
    let _ = sys::signals::reset();
    // Each connection of a container takes two descriptors.
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    );
    match HostLookup::fork() {
        Ok(Forked::Helper(lookup)) => {
            let settings = server::Settings {
                mapping: mapping.clone(),
                ping_group: highest_group(mapping),
                lookup,
            };
            server::run(start, settings);
        }
        Ok(Forked::Lookup(channel)) => {
            drop(start);
            host_lookup::serve(&channel, Path::new(RESOLV_CONF));
        }
        Err(failure) => server::refuse(&start.daemon, &failure),
    }
}

/// Returns the last group id of the contiguous range that starts at 0.
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
