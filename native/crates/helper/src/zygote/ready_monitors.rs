//! Monitors that have prepared a sandbox each, for requests like the last ones.

use std::time::{Duration, Instant};

use sandbox::ready::Blueprint;

use crate::zygote::prepared_network::PreparedNetwork;
use crate::zygote::standby_monitor::StandbyMonitor;

/// Sandboxes that are ready on an idle machine. Each takes about half a megabyte.
const MOST_READY: usize = 4;

/// Time without a suitable start after which none is kept.
const UNUSED: Duration = Duration::from_secs(180);

/// Standby monitors with a sandbox each, all with the same settings.
#[derive(Debug, Default)]
pub struct ReadyMonitors {
    members: Vec<StandbyMonitor>,
    /// The settings of all members.
    blueprint: Option<Blueprint>,
    /// Other settings that the last request wanted. Two such requests in a row replace the blueprint.
    candidate: Option<Blueprint>,
    wanted_at: Option<Instant>,
}

impl ReadyMonitors {
    /// Notes the settings of a request. Returns the network namespaces of members that were ended because other settings
    /// are expected now.
    pub fn expect(&mut self, wanted: Blueprint) -> Vec<PreparedNetwork> {
        self.wanted_at = Some(Instant::now());
        let known = self.blueprint.as_ref() == Some(&wanted);
        if !known && self.blueprint.is_some() && self.candidate.as_ref() != Some(&wanted) {
            self.candidate = Some(wanted);
            return Vec::new();
        }
        self.candidate = None;
        if known {
            return Vec::new();
        }
        self.blueprint = Some(wanted);
        self.dismiss().collect()
    }

    /// Returns whether a member suits a request with these settings.
    pub fn suit(&self, wanted: &Blueprint) -> bool {
        !self.members.is_empty() && self.blueprint.as_ref() == Some(wanted)
    }

    /// Takes a member, the one that was forked first.
    pub fn take(&mut self) -> Option<StandbyMonitor> {
        (!self.members.is_empty()).then(|| self.members.remove(0))
    }

    /// Returns the settings of the next member to add; `None` if there are enough.
    pub fn wanted(&self) -> Option<&Blueprint> {
        self.blueprint
            .as_ref()
            .filter(|_| self.members.len() < MOST_READY)
    }

    pub fn add(&mut self, member: StandbyMonitor) {
        self.members.push(member);
    }

    /// Returns the time until [`ReadyMonitors::dismiss`] is due because no start has used a member; `None` if there is none.
    pub fn unused_in(&self) -> Option<Duration> {
        self.blueprint.as_ref()?;
        let passed = self.wanted_at.map_or(UNUSED, |moment| moment.elapsed());
        Some(UNUSED.saturating_sub(passed))
    }

    /// Ends all members. Returns their network namespaces.
    pub fn dismiss(&mut self) -> impl Iterator<Item = PreparedNetwork> {
        std::mem::take(&mut self.members)
            .into_iter()
            .filter_map(StandbyMonitor::dismiss)
    }

    /// Forgets the settings, so that nothing is prepared until the next start.
    pub fn forget(&mut self) {
        self.blueprint = None;
        self.candidate = None;
    }
}
