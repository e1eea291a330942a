//! Resources that are prepared before a container needs them: network namespaces, because creating or destroying one
//! takes longer than all mounts of a start together; /dev, which is a quarter of those mounts; the monitor's process; and
//! whole sandboxes.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use protocol::launch::LaunchRequest;
use rustix::process::Pid;
use sandbox::ready::Blueprint;
use sys::event::{Interest, Poll};
use sys::fork::{Side, fork};
use sys::seqpacket::{self, Error};
use sys::watched::Watched;

use crate::monitor::exec::Exec;
use crate::monitor::launch::Launch;
use crate::zygote::kept_overlays::KeptOverlays;
use crate::zygote::net_helper::NetHelper;
use crate::zygote::prepared_network::{PreparedNetwork, Traces};
use crate::zygote::preparer::{DEVICES, NETWORK, Preparation};
use crate::zygote::ready_monitors::ReadyMonitors;
use crate::zygote::spare_cgroup::{Identity, SpareCgroup, SpareCgroups};
use crate::zygote::standby_monitor::{ForkSide, Launching, Standby, StandbyMonitor};

/// Resources of each kind, enough for some simultaneous starts.
const MOST_READY: usize = 4;

/// Network namespaces besides those of prepared sandboxes. One takes about 200 KiB of kernel memory.
const MOST_NETWORKS: usize = 8;

/// Number of ready resources at or below which a preparer is started.
const FEW_READY: usize = 2;

/// Used namespaces that may wait to be destroyed.
const MOST_USED: usize = 32;

/// Time without starts before resources are prepared or destroyed.
const QUIET: Duration = Duration::from_millis(12);

/// Time between the preparations of two sandboxes, so that a start does not wait for both.
const READY_DELAY: Duration = Duration::from_millis(2);

/// Time between the arrival of a namespace and the opening of its traces: the kernel sends reports about multicast groups first.
const TRACE_DELAY: Duration = Duration::from_millis(50);

/// Time until the next attempt after a failure: the user may have reached a limit.
const RETRY: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub struct PreparedResources {
    /// Unused network namespaces whose loopback interface is up.
    networks: Vec<PreparedNetwork>,
    /// Network namespaces to be destroyed.
    used: Vec<OwnedFd>,
    devices: Vec<OwnedFd>,
    pub overlays: KeptOverlays,
    standby: Option<StandbyMonitor>,
    ready: ReadyMonitors,
    /// Cgroups for the next sandboxes.
    cgroups: SpareCgroups,
    ready_not_before: Option<Instant>,
    standby_not_before: Option<Instant>,
    /// The channel from the preparer, while one runs.
    preparer: Option<Watched>,
    not_before: Option<Instant>,
}

/// The process after [`PreparedResources::prepare`].
pub enum PrepareSide {
    /// The zygote, with the id of the preparer.
    Zygote(Pid),
    Preparer(Preparation),
}

impl PreparedResources {
    /// Takes a network namespace, if one is ready.
    pub fn take_network(&mut self) -> Option<PreparedNetwork> {
        self.postpone(QUIET);
        self.networks.pop()
    }

    /// Takes a /dev for [`sandbox::launch::Prepared`], if one is ready.
    pub fn take_devices(&mut self) -> Option<OwnedFd> {
        self.postpone(QUIET);
        self.devices.pop()
    }

    /// Notes a request, to prepare sandboxes for the next ones. Returns whether a ready sandbox suits it. Ends an unsuitable
    /// sandbox in `cgroup`, the container's cgroup.
    pub fn expect(&mut self, request: &LaunchRequest, cgroup: Option<BorrowedFd<'_>>) -> bool {
        let cgroup = cgroup.and_then(Identity::of);
        let wanted = Blueprint::of(request);
        if let Some(wanted) = &wanted {
            let unneeded = self.ready.expect(wanted.clone());
            self.dismiss(unneeded);
        }
        if let Some(cgroup) = cgroup {
            self.pass_over_until(cgroup);
        }
        let suits = wanted.is_some_and(|wanted| self.ready.suit(&wanted, cgroup));
        if let Some(cgroup) = cgroup.filter(|_| !suits) {
            let unsuitable = self.ready.take_in(cgroup);
            self.end(unsuitable.into_iter().collect());
        }
        suits
    }

    /// Gives up the sandboxes and cgroups before this one: the daemon uses them in their order, and has passed over them.
    fn pass_over_until(&mut self, cgroup: Identity) {
        let passed_over = match self.cgroups.forget_until(cgroup) {
            true => self.ready.take_all(),
            false => self.ready.take_before(cgroup),
        };
        self.end(passed_over);
    }

    /// Takes cgroups for the next sandboxes.
    pub fn add_cgroups(&mut self, directories: Vec<OwnedFd>) {
        self.cgroups.add(directories);
    }

    /// Forgets the cgroups that an earlier daemon has created, and ends their sandboxes. A daemon knows only its own cgroups.
    pub fn forget_cgroups(&mut self) {
        if self.ready.has_cgroups() {
            self.discard_sandboxes();
        }
        self.cgroups.clear();
    }

    /// Sends a launch to a monitor with a sandbox, if one suits the request, or to the standby monitor. Returns `None` if
    /// there is no such process.
    pub fn launch(&mut self, launch: &Launch, suits: bool) -> Option<Launching> {
        self.postpone(QUIET);
        self.ready_not_before = self.not_before;
        self.standby_not_before = self.not_before;
        while suits && let Some(member) = self.ready.take() {
            if let Some(launching) = member.send(launch) {
                return Some(launching);
            }
            // A member that could not prepare its sandbox, or was killed, takes no launch.
            self.ready_not_before = Some(Instant::now() + RETRY);
            if launch.request.cgroup {
                // The other members are in other cgroups.
                break;
            }
        }
        self.standby.take()?.send(launch)
    }

    /// Sends an exec to the standby monitor. Returns the process's id, or `None` if there is no such process.
    pub fn exec(&mut self, exec: &Exec) -> Option<Pid> {
        self.standby_not_before = Some(Instant::now() + QUIET);
        self.standby.take()?.send_exec(exec)
    }

    /// Allows the next sandbox and the next standby monitor to be prepared now. After the end of a container or an exec, this no
    /// longer competes with its start for a processor.
    pub fn note_end(&mut self) {
        if until(self.standby_not_before) <= QUIET {
            self.standby_not_before = None;
        }
        if until(self.ready_not_before) <= QUIET {
            self.ready_not_before = None;
        }
    }

    /// Forks a standby monitor, if one is missing and it is time. Returns the monitor's state in the new process.
    pub fn fork_standby(&mut self) -> Option<Standby> {
        self.discard_unused_sandboxes();
        let blueprint = self
            .wanted()
            .filter(|_| is_past(self.ready_not_before))
            .cloned();
        if blueprint.is_none() && (self.standby.is_some() || !is_past(self.standby_not_before)) {
            return None;
        }
        let network = match &blueprint {
            Some(blueprint) if blueprint.has_private_network() => self.networks.pop(),
            _ => None,
        };
        let cgroup = match &blueprint {
            Some(blueprint) if blueprint.has_cgroup() => self.cgroups.take(),
            _ => None,
        };
        match StandbyMonitor::fork(blueprint.as_ref(), network, cgroup) {
            Some(ForkSide::Zygote(member)) if blueprint.is_some() => {
                self.ready.add(member);
                self.ready_not_before = Some(Instant::now() + READY_DELAY);
            }
            Some(ForkSide::Zygote(standby)) => self.standby = Some(standby),
            Some(ForkSide::Monitor(standby)) => return Some(standby),
            None => {
                self.postpone(RETRY);
                self.ready_not_before = self.not_before;
                self.standby_not_before = self.not_before;
            }
        }
        None
    }

    /// Returns the settings of the next sandbox; `None` if there are enough, or no cgroup for another one.
    fn wanted(&self) -> Option<&Blueprint> {
        self.ready
            .wanted()
            .filter(|blueprint| !blueprint.has_cgroup() || !self.cgroups.is_empty())
    }

    /// Ends the standby monitors.
    pub fn dismiss_standby(&mut self) {
        self.standby = None;
        self.overlays.forget();
        self.discard_sandboxes();
    }

    fn discard_unused_sandboxes(&mut self) {
        if self.ready.unused_in() == Some(Duration::ZERO) {
            self.ready.forget();
            self.overlays.forget();
            self.discard_sandboxes();
        }
    }

    fn discard_sandboxes(&mut self) {
        let members = self.ready.take_all();
        self.dismiss(members);
    }

    /// Ends monitors. Other sandboxes can be prepared in their cgroups.
    fn dismiss(&mut self, members: Vec<StandbyMonitor>) {
        let cgroups = self.end(members);
        self.cgroups.take_back(cgroups);
    }

    /// Ends monitors. Returns the cgroups of their sandboxes.
    fn end(&mut self, members: Vec<StandbyMonitor>) -> Vec<SpareCgroup> {
        let (networks, cgroups): (Vec<_>, Vec<_>) =
            members.into_iter().map(StandbyMonitor::dismiss).unzip();
        self.discard(networks.into_iter().flatten().collect());
        cgroups.into_iter().flatten().collect()
    }

    /// Takes back the network namespace of an ended container. It serves the next container if no other process can have a
    /// socket in it, and if it shows no trace of a use.
    pub fn take_back(&mut self, mut network: PreparedNetwork, isolated: bool) {
        let traces = network.traces.as_mut().filter(|_| isolated);
        match self.networks.len() < MOST_NETWORKS && traces.is_some_and(Traces::are_unchanged) {
            true => self.networks.push(network),
            false => self.retire(network.namespace),
        }
    }

    fn discard(&mut self, networks: Vec<PreparedNetwork>) {
        let namespaces = networks.into_iter().map(|network| network.namespace);
        self.used.extend(namespaces);
    }

    /// Keeps a network namespace until there is time to destroy it.
    pub fn retire(&mut self, namespace: OwnedFd) {
        self.postpone(QUIET);
        if self.used.len() >= MOST_USED {
            self.used.clear();
        }
        self.used.push(namespace);
    }

    /// Returns the time until [`PreparedResources::prepare`] or [`PreparedResources::fork_standby`] has work; `None` if
    /// neither has.
    pub fn due(&self, helper: &NetHelper) -> Option<Duration> {
        let others = self.needs_preparer() || !self.used.is_empty();
        let others = others.then(|| until(self.not_before));
        let missing = self.standby.is_none();
        let standby = missing.then(|| until(self.standby_not_before));
        let sandboxes = self.wanted().map(|_| until(self.ready_not_before));
        let traces = until_tracing(helper).filter(|_| self.preparer.is_none());
        [others, standby, sandboxes, self.ready.unused_in(), traces]
            .into_iter()
            .flatten()
            .min()
    }

    /// Destroys used namespaces and forks a preparer, if it is time. The preparer is a child to be reaped.
    pub fn prepare(
        &mut self,
        poll: &Poll,
        token: u64,
        helper: &mut NetHelper,
    ) -> Option<PrepareSide> {
        let quiet = is_past(self.not_before);
        if quiet {
            self.used.clear();
        }
        let traces = self.preparer.is_none() && until_tracing(helper) == Some(Duration::ZERO);
        let resources = quiet && self.needs_preparer();
        if !traces && !resources {
            return None;
        }
        let side = self.fork_preparer(poll, token, helper);
        if side.is_none() {
            self.postpone(RETRY);
        }
        side
    }

    /// Receives resources from the preparer, also the traces of the helper's namespaces; to be called when its token is reported.
    /// Returns the numbers of those namespaces.
    pub fn receive(&mut self, poll: &Poll, helper: &mut NetHelper) -> Vec<u64> {
        let mut traced = Vec::new();
        let Some(preparer) = &mut self.preparer else {
            return traced;
        };
        loop {
            match seqpacket::receive_ready(preparer.as_fd()) {
                Ok(Some(received)) => match received.text.as_slice() {
                    NETWORK => self
                        .networks
                        .extend(PreparedNetwork::of(received.descriptors)),
                    DEVICES => self
                        .devices
                        .extend(received.descriptors.into_iter().take(1)),
                    number => {
                        let number = str::from_utf8(number)
                            .ok()
                            .and_then(|text| text.parse().ok());
                        if let Some(number) = number
                            && helper.set_traces(number, received.descriptors)
                        {
                            traced.push(number);
                        }
                    }
                },
                Err(Error::WouldBlock) => return traced,
                Ok(None) | Err(_) => break,
            }
        }
        // A process forked meanwhile may hold a copy of the descriptor, and epoll would keep reporting its events.
        let _ = preparer.watch(poll, None);
        self.preparer = None;
        if self.needs_preparer() {
            self.postpone(RETRY);
        }
        traced
    }

    fn needs_preparer(&self) -> bool {
        self.preparer.is_none() && self.networks.len().min(self.devices.len()) <= FEW_READY
    }

    fn postpone(&mut self, time: Duration) {
        self.not_before = Some(Instant::now() + time);
    }

    fn fork_preparer(
        &mut self,
        poll: &Poll,
        token: u64,
        helper: &mut NetHelper,
    ) -> Option<PrepareSide> {
        let (ours, theirs) = seqpacket::pair().ok()?;
        let mut preparer = Watched::new(ours, token);
        preparer.watch(poll, Some(Interest::READ)).ok()?;
        let settled = Instant::now().checked_sub(TRACE_DELAY);
        let untraced = settled.map(|before| helper.take_untraced(before));
        match fork().ok()? {
            Side::Child => Some(PrepareSide::Preparer(Preparation {
                channel: theirs,
                networks: MOST_NETWORKS.saturating_sub(self.networks.len()),
                devices: MOST_READY.saturating_sub(self.devices.len()),
                untraced: untraced.unwrap_or_default(),
            })),
            Side::Parent(pid) => {
                self.preparer = Some(preparer);
                Some(PrepareSide::Zygote(pid))
            }
        }
    }
}

/// Returns the time until the traces of the helper's new namespaces are opened; `None` if there are none.
fn until_tracing(helper: &NetHelper) -> Option<Duration> {
    let since = helper.untraced_since()?;
    Some(until(Some(since + TRACE_DELAY)))
}

fn until(moment: Option<Instant>) -> Duration {
    moment
        .map(|moment| moment.saturating_duration_since(Instant::now()))
        .unwrap_or_default()
}

fn is_past(moment: Option<Instant>) -> bool {
    until(moment).is_zero()
}
