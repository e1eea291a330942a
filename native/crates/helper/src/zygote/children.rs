//! The zygote's child processes, and the containers whose monitors were killed.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use protocol::failure::Failure;
use protocol::monitor::Exited;
use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};
use sandbox::host::Host;
use sandbox::mounts::kept_overlay::KeptOverlay;
use sys::pidfd;

use crate::monitor::exit_record;
use crate::monitor::exit_status::{self, REPORT_LENGTH, Status};
use crate::monitor::left_overlay;
use crate::monitor::memory;
use crate::timestamp;
use crate::zygote::prepared_network::HeldNetwork;

/// Running containers whose network namespaces and overlays may be used again. Each takes some descriptors of the zygote while the
/// container runs.
const MOST_ISOLATED: usize = 32;

/// The zygote's knowledge of a container.
#[derive(Debug, Clone)]
struct Container {
    id: String,
    started_at: String,
    /// Open until the container's end, for the exit record that the zygote writes if the monitor is killed.
    cgroup: Option<Rc<OwnedFd>>,
}

#[derive(Debug)]
enum Child {
    Monitor {
        container: Container,
        /// The container's PID 1; `None` until the monitor has reported it.
        pid: Option<u32>,
        /// The container's network namespace, if the zygote holds it.
        network: Option<HeldNetwork>,
        /// The channel by which the monitor leaves the container's overlay.
        overlay: Option<OwnedFd>,
        /// Whether nothing else can have a file or socket of the container after its end.
        isolated: bool,
    },
    Worker,
    /// A process that prepares resources. Nobody waits for its work.
    Preparer,
    /// PID 1 of a container whose monitor was killed. The kernel made it a child of the zygote.
    Orphan(Container),
}

impl Child {
    /// Returns the start of a container whose network namespace or overlay may be used again.
    fn isolated_since(&self) -> Option<&str> {
        match self {
            Self::Monitor {
                container,
                isolated: true,
                ..
            } => Some(&container.started_at),
            _ => None,
        }
    }
}

/// Descriptors that the zygote holds until a monitor ends.
#[derive(Debug, Default)]
pub struct HeldDescriptors {
    /// The container's network namespace. Closing the last descriptor of a namespace destroys the namespace. That takes
    /// time, so the zygote closes the descriptor when no container is being started.
    pub network: Option<HeldNetwork>,
    pub cgroup: Option<OwnedFd>,
    /// The channel by which the monitor leaves the container's overlay.
    pub overlay: Option<OwnedFd>,
    /// Whether the request says that no other process can get a file or socket of the container.
    pub isolated: bool,
}

/// The resources that an ended container has left.
#[derive(Debug)]
pub struct Left {
    pub network: Option<HeldNetwork>,
    pub overlay: Option<KeptOverlay>,
    /// Whether another container may use the network namespace, if its interfaces are unused.
    pub isolated: bool,
}

/// The children by process id.
#[derive(Debug)]
pub struct Children {
    by_pid: BTreeMap<u32, Child>,
    reports: OwnedFd,
    reporter: OwnedFd,
}

impl Children {
    pub fn create() -> Result<Self, Failure> {
        let (reports, reporter) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)
            .map_err(|errno| Failure::of_call("zygote", "pipe", errno))?;
        Ok(Self {
            by_pid: BTreeMap::new(),
            reports,
            reporter,
        })
    }

    /// Returns whether no child needs the zygote.
    pub fn is_empty(&self) -> bool {
        let needless = |child: &Child| matches!(child, Child::Preparer);
        self.by_pid.values().all(needless)
    }

    /// Returns the writing end of the pipe for the monitors' reports.
    pub fn reporter(&self) -> Result<OwnedFd, Errno> {
        rustix::io::fcntl_dupfd_cloexec(&self.reporter, 3)
    }

    pub fn add_monitor(&mut self, pid: Pid, id: String, held: HeldDescriptors) {
        let HeldDescriptors {
            network,
            cgroup,
            overlay,
            isolated,
        } = held;
        if isolated {
            self.make_room();
        }
        let network = match isolated {
            true => network,
            false => network.and_then(HeldNetwork::without_traces),
        };
        let container = Container {
            id,
            started_at: timestamp::now(),
            cgroup: cgroup.map(Rc::new),
        };
        let monitor = Child::Monitor {
            container,
            pid: None,
            network,
            overlay,
            isolated,
        };
        self.by_pid.insert(number(pid), monitor);
    }

    /// Gives up what the container that started first might leave, if there are too many. A container that has run for long
    /// has most likely used its network and written files.
    fn make_room(&mut self) {
        let children = self.by_pid.iter();
        let isolated = children.filter_map(|(pid, child)| Some((child.isolated_since()?, *pid)));
        let isolated: Vec<_> = isolated.collect();
        if isolated.len() < MOST_ISOLATED {
            return;
        }
        let oldest = isolated.into_iter().min().map(|(_, pid)| pid);
        if let Some(pid) = oldest
            && let Some(Child::Monitor {
                network,
                overlay,
                isolated,
                ..
            }) = self.by_pid.get_mut(&pid)
        {
            *network = network.take().and_then(HeldNetwork::without_traces);
            *overlay = None;
            *isolated = false;
        }
    }

    /// Notes that another process enters namespaces of containers that `chosen` selects by id and first process.
    pub fn note_visitor(&mut self, chosen: impl Fn(&str, Option<u32>) -> bool) {
        self.read_reports();
        for child in self.by_pid.values_mut() {
            if let Child::Monitor {
                container,
                pid,
                isolated,
                ..
            } = child
                && chosen(&container.id, *pid)
            {
                *isolated = false;
            }
        }
    }

    /// Gives up the overlays that the running containers might leave.
    pub fn forget_overlays(&mut self) {
        for child in self.by_pid.values_mut() {
            if let Child::Monitor { overlay, .. } = child {
                *overlay = None;
            }
        }
    }

    /// Returns the first process of a container; `None` if it is not running, or an earlier zygote started it.
    pub fn container(&mut self, id: &str) -> Option<OwnedFd> {
        self.read_reports();
        let pid = self.by_pid.iter().find_map(|(monitor, child)| match child {
            Child::Monitor {
                container,
                pid: Some(pid),
                ..
            } if container.id == id => Some((*pid, *monitor)),
            Child::Orphan(container) if container.id == id => Some((*monitor, std::process::id())),
            _ => None,
        });
        let (pid, parent) = pid?;
        let descriptor = pidfd::open(pid, None).ok()?;
        // Another process may have the id by now, but that one has another parent.
        (pidfd::parent(pid) == Some(parent)).then_some(descriptor)
    }

    pub fn signal_monitors(&self, signal: Signal) {
        self.signal(signal, |child| matches!(child, Child::Monitor { .. }));
    }

    /// Kills the preparers. The kernel may keep one for some time: it waits for locks of all network namespaces.
    pub fn kill_preparers(&self) {
        self.signal(Signal::KILL, |child| matches!(child, Child::Preparer));
    }

    fn signal(&self, signal: Signal, chosen: impl Fn(&Child) -> bool) {
        for (pid, child) in &self.by_pid {
            if chosen(child)
                && let Some(pid) = i32::try_from(*pid).ok().and_then(Pid::from_raw)
            {
                let _ = kill_process(pid, signal);
            }
        }
    }

    pub fn add_worker(&mut self, pid: Pid) {
        self.by_pid.insert(number(pid), Child::Worker);
    }

    pub fn add_preparer(&mut self, pid: Pid) {
        self.by_pid.insert(number(pid), Child::Preparer);
    }

    /// Reaps every child that has ended. If a monitor was killed, the zygote writes the exit record of its container.
    /// Returns what the containers have left.
    pub fn reap(&mut self, host: &Host) -> Vec<Left> {
        self.read_reports();
        let mut ended = Vec::new();
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let status = match status.terminating_signal() {
                Some(signal) => Status::killed(signal),
                None => Status::exited(status.exit_status().unwrap_or(0)),
            };
            ended.push((number(pid), status));
        }
        // Monitors first: a killed monitor and its container may have ended together.
        let (monitors, others): (Vec<_>, Vec<_>) = ended
            .into_iter()
            .partition(|(pid, _)| matches!(self.by_pid.get(pid), Some(Child::Monitor { .. })));
        let mut left = Vec::new();
        for (pid, status) in monitors {
            let ended = others.iter().map(|(pid, _)| *pid);
            left.extend(self.remove_monitor(pid, status, ended));
        }
        for (pid, status) in others {
            if let Some(Child::Orphan(container)) = self.by_pid.remove(&pid) {
                write_record(host, &container, pid, status);
            }
        }
        left
    }

    fn remove_monitor(
        &mut self,
        pid: u32,
        status: Status,
        ended: impl Iterator<Item = u32>,
    ) -> Option<Left> {
        let child = self.by_pid.remove(&pid);
        let Some(Child::Monitor {
            container,
            pid,
            network,
            overlay,
            isolated,
        }) = child
        else {
            return None;
        };
        let killed = status.signal.is_some();
        let isolated = isolated && !killed;
        let overlay = overlay.filter(|_| isolated);
        let left = Left {
            network,
            overlay: overlay.and_then(|channel| left_overlay::receive(channel.as_fd())),
            isolated,
        };
        if !killed {
            return Some(left);
        }
        // A monitor that was killed after it had reaped its container leaves no orphan.
        if let Some(pid) = pid
            && (ended.into_iter().any(|other| other == pid) || is_child(pid))
        {
            self.by_pid.insert(pid, Child::Orphan(container));
        }
        Some(left)
    }

    fn read_reports(&mut self) {
        let mut report = [0; REPORT_LENGTH];
        while let Ok(REPORT_LENGTH) = rustix::io::read(&self.reports, &mut report) {
            let (monitor, container) = exit_status::parse_report(report);
            if let Some(Child::Monitor { pid, .. }) = self.by_pid.get_mut(&monitor) {
                *pid = Some(container);
            }
        }
    }
}

fn write_record(host: &Host, container: &Container, pid: u32, status: Status) {
    let exited = Exited {
        pid,
        code: status.code,
        signal: status.signal,
        oom_killed: container.cgroup.as_deref().is_some_and(out_of_memory),
        started_at: container.started_at.clone(),
        finished_at: timestamp::now(),
    };
    if let Ok(directory) = host.container_directory(&container.id) {
        let _ = exit_record::write(directory.as_fd(), &exited);
    }
    let socket = format!(
        "monitors/{}.sock",
        container.id.get(..32).unwrap_or(&container.id)
    );
    let _ = unlinkat(host.run(), socket, AtFlags::empty());
}

fn out_of_memory(cgroup: &OwnedFd) -> bool {
    memory::events(cgroup.as_fd()).is_some_and(|events| memory::kills(events.as_fd()) > 0)
}

fn is_child(pid: u32) -> bool {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    pid.is_some_and(|pid| waitid(WaitId::Pid(pid), options).is_ok())
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zygote::prepared_network::Traces;

    #[test]
    fn a_zygote_does_not_wait_for_a_preparer() {
        let mut children = Children::create().unwrap();
        // No process has this id.
        let pid = Pid::from_raw(i32::MAX).unwrap();
        children.add_preparer(pid);
        assert!(children.is_empty());
        children.add_worker(pid);
        assert!(!children.is_empty());
    }

    fn traces() -> Traces {
        let file = std::fs::File::open("/proc/version").unwrap();
        Traces::of(vec![file.into()]).unwrap()
    }

    #[test]
    fn the_newest_containers_may_leave_their_namespaces() {
        let mut children = Children::create().unwrap();
        let traced = |children: &Children, pid| children.by_pid[&pid].isolated_since().is_some();
        let last = u32::try_from(MOST_ISOLATED).unwrap() + 3;
        for pid in 1..=last {
            let held = HeldDescriptors {
                network: Some(HeldNetwork::OnBridges(u64::from(pid), traces())),
                isolated: true,
                ..HeldDescriptors::default()
            };
            let id = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            children.add_monitor(id, pid.to_string(), held);
        }
        let left: Vec<_> = (1..=last).filter(|pid| !traced(&children, *pid)).collect();
        assert_eq!(left, [1, 2, 3]);
    }
}
