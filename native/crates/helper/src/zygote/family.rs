//! The zygote's children, and the containers of monitors that were killed.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use protocol::failure::Failure;
use protocol::monitor::Exited;
use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitOptions, wait};
use sandbox::host::Host;
use sys::pidfd;

use crate::failure;
use crate::monitor::exit::{self, REPORT, Status};
use crate::monitor::memory;
use crate::timestamp;

/// A container as far as the zygote knows it.
#[derive(Debug, Clone)]
struct Container {
    id: String,
    started_at: String,
    /// Kept for the end of an orphan, which its monitor does not see.
    cgroup: Option<Rc<OwnedFd>>,
}

#[derive(Debug)]
enum Member {
    Monitor {
        container: Container,
        /// The container's PID 1, once it was reported.
        pid: Option<u32>,
        /// Its network namespace, where the zygote had made it.
        network: Option<OwnedFd>,
    },
    Worker,
    /// PID 1 of a container whose monitor was killed: it became the zygote's own child.
    Orphan(Container),
}

/// What the zygote holds for as long as a monitor lives.
#[derive(Debug, Default)]
pub struct Kept {
    /// A namespace ends with its last user: that is to be the zygote, at a quiet moment.
    pub network: Option<OwnedFd>,
    pub cgroup: Option<OwnedFd>,
}

/// Everybody whose end the zygote will hear of and is to do something about.
#[derive(Debug)]
pub struct Family {
    members: BTreeMap<u32, Member>,
    reports: OwnedFd,
    reporter: OwnedFd,
}

impl Family {
    pub fn create() -> Result<Self, Failure> {
        let (reports, reporter) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)
            .map_err(|errno| failure::system("zygote", "pipe", errno))?;
        Ok(Self {
            members: BTreeMap::new(),
            reports,
            reporter,
        })
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The writing end of the pipe that monitors report on.
    pub fn reporter(&self) -> Result<OwnedFd, Errno> {
        rustix::io::fcntl_dupfd_cloexec(&self.reporter, 3)
    }

    pub fn add_monitor(&mut self, pid: Pid, id: String, kept: Kept) {
        let Kept { network, cgroup } = kept;
        let container = Container {
            id,
            started_at: timestamp::now(),
            cgroup: cgroup.map(Rc::new),
        };
        let monitor = Member::Monitor {
            container,
            pid: None,
            network,
        };
        self.members.insert(number(pid), monitor);
    }

    /// The first process of a container; nothing when it does not run, or an earlier zygote started it.
    pub fn container(&mut self, id: &str) -> Option<OwnedFd> {
        self.read_reports();
        let pid = self
            .members
            .iter()
            .find_map(|(monitor, member)| match member {
                Member::Monitor {
                    container,
                    pid: Some(pid),
                    ..
                } if container.id == id => Some((*pid, *monitor)),
                Member::Orphan(container) if container.id == id => {
                    Some((*monitor, std::process::id()))
                }
                _ => None,
            });
        let (pid, parent) = pid?;
        let descriptor = pidfd::open(pid, None).ok()?;
        // The number may be another process's by now, but that one has another parent.
        (pidfd::parent(pid) == Some(parent)).then_some(descriptor)
    }

    pub fn add_worker(&mut self, pid: Pid) {
        self.members.insert(number(pid), Member::Worker);
    }

    /// Collects every child that has ended. Where a monitor was killed, its container stays with
    /// the zygote, which writes the exit record in its place. Gives the network namespaces that have lost
    /// their container.
    pub fn reap(&mut self, host: &Host) -> Vec<OwnedFd> {
        self.read_reports();
        let mut ended = Vec::new();
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let status = match status.terminating_signal() {
                Some(signal) => Status::killed(signal),
                None => Status::exited(status.exit_status().unwrap_or(0)),
            };
            ended.push((number(pid), status));
        }
        // A killed monitor and its container may have ended together: monitors first.
        let (monitors, others): (Vec<_>, Vec<_>) = ended
            .into_iter()
            .partition(|(pid, _)| matches!(self.members.get(pid), Some(Member::Monitor { .. })));
        let mut networks = Vec::new();
        for (pid, status) in monitors {
            let ended = others.iter().map(|(pid, _)| *pid);
            networks.extend(self.lose_monitor(pid, status, ended));
        }
        for (pid, status) in others {
            if let Some(Member::Orphan(container)) = self.members.remove(&pid) {
                record(host, &container, pid, status);
            }
        }
        networks
    }

    fn lose_monitor(
        &mut self,
        pid: u32,
        status: Status,
        ended: impl Iterator<Item = u32>,
    ) -> Option<OwnedFd> {
        let member = self.members.remove(&pid);
        let Some(Member::Monitor {
            container,
            pid,
            network,
        }) = member
        else {
            return None;
        };
        if status.signal.is_none() {
            return network;
        }
        // A monitor killed after it had collected its container leaves no orphan.
        if let Some(pid) = pid
            && (ended.into_iter().any(|other| other == pid) || is_child(pid))
        {
            self.members.insert(pid, Member::Orphan(container));
        }
        network
    }

    fn read_reports(&mut self) {
        let mut report = [0; REPORT];
        while let Ok(REPORT) = rustix::io::read(&self.reports, &mut report) {
            let (monitor, container) = exit::parse_report(report);
            if let Some(Member::Monitor { pid, .. }) = self.members.get_mut(&monitor) {
                *pid = Some(container);
            }
        }
    }
}

fn record(host: &Host, container: &Container, pid: u32, status: Status) {
    let exited = Exited {
        pid,
        code: status.code,
        signal: status.signal,
        oom_killed: container.cgroup.as_deref().is_some_and(killed_for_memory),
        started_at: container.started_at.clone(),
        finished_at: timestamp::now(),
    };
    if let Ok(directory) = host.container_directory(&container.id) {
        let _ = exit::write_record(directory.as_fd(), &exited);
    }
    let socket = format!(
        "monitors/{}.sock",
        container.id.get(..32).unwrap_or(&container.id)
    );
    let _ = unlinkat(host.run(), socket, AtFlags::empty());
}

fn killed_for_memory(cgroup: &OwnedFd) -> bool {
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
