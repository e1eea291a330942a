//! Monitors that have prepared a sandbox each, for requests like the last ones.

use std::time::{Duration, Instant};

use sandbox::ready::Blueprint;

use crate::zygote::spare_cgroup::Identity;
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
    /// Notes the settings of a request. Returns the members that are not needed because other settings are expected now.
    pub fn expect(&mut self, wanted: Blueprint) -> Vec<StandbyMonitor> {
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
        self.take_all()
    }

    /// Returns whether the first member suits a request with these settings and this cgroup.
    pub fn suit(&self, wanted: &Blueprint, cgroup: Option<Identity>) -> bool {
        self.blueprint.as_ref() == Some(wanted)
            && self
                .members
                .first()
                .is_some_and(|member| cgroup.is_none_or(|cgroup| member.is_in(cgroup)))
    }

    /// Takes the members before the one in this cgroup. The daemon has passed over their cgroups.
    pub fn take_before(&mut self, cgroup: Identity) -> Vec<StandbyMonitor> {
        let own = self.members.iter().position(|member| member.is_in(cgroup));
        self.members.drain(..own.unwrap_or_default()).collect()
    }

    /// Takes the member in this cgroup, which is the first.
    pub fn take_in(&mut self, cgroup: Identity) -> Option<StandbyMonitor> {
        let own = self
            .members
            .iter()
            .position(|member| member.is_in(cgroup))?;
        Some(self.members.remove(own))
    }

    pub fn has_cgroups(&self) -> bool {
        self.blueprint.as_ref().is_some_and(Blueprint::has_cgroup)
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

    /// Returns the time until the members are to be ended because no start has used a member; `None` if there is none.
    pub fn unused_in(&self) -> Option<Duration> {
        self.blueprint.as_ref()?;
        let passed = self.wanted_at.map_or(UNUSED, |moment| moment.elapsed());
        Some(UNUSED.saturating_sub(passed))
    }

    pub fn take_all(&mut self) -> Vec<StandbyMonitor> {
        std::mem::take(&mut self.members)
    }

    /// Forgets the settings, so that nothing is prepared until the next start.
    pub fn forget(&mut self) {
        self.blueprint = None;
        self.candidate = None;
    }
}
