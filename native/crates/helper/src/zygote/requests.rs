//! Requests of daemons to the zygote. Launches and other work run in forks: in a fork, the functions return its task.

use std::os::fd::{AsFd, OwnedFd};

use protocol::VERSION;
use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Attachment, ExecRequest, LaunchRequest, Network, Shared, Sharing};
use protocol::work::WorkRequest;
use protocol::zygote::{FromZygote, ToZygote};
use rustix::fs::{Mode, OFlags, open};
use sys::fork::{Side, fork};
use sys::seqpacket::{self, Received};

use crate::messages;
use crate::monitor::exec::Exec;
use crate::monitor::launch::Launch;
use crate::timestamp;
use crate::worker;
use crate::zygote::children::HeldDescriptors;
use crate::zygote::prepared_network::HeldNetwork;
use crate::zygote::server::{NET_HELPER, Zygote};
use crate::zygote::survivors;
use crate::zygote::tasks::Task;

impl Zygote {
    /// Handles a message. Returns the task in a fork.
    pub fn handle(&mut self, index: usize, received: Received) -> Result<Option<Task>, Failure> {
        let received_at = timestamp::monotonic();
        let Received { text, descriptors } = received;
        match messages::parse(&text, "to the zygote")? {
            ToZygote::Hello => {
                check("hello", 0, descriptors.len())?;
                self.prepared.forget_cgroups();
                self.welcome(index);
                Ok(None)
            }
            ToZygote::Launch(request) => self.launch(request, descriptors, received_at),
            ToZygote::Exec(request) => self.exec(request, descriptors, received_at),
            ToZygote::Work(request) => self.work(request, descriptors),
            ToZygote::Net => self.net(descriptors),
            ToZygote::Listen { name } => self.listen(name, descriptors),
            ToZygote::Cgroups { count } => {
                check("cgroups", count, descriptors.len())?;
                self.prepared.add_cgroups(descriptors);
                Ok(None)
            }
            ToZygote::Shutdown => {
                check("shutdown", 0, descriptors.len())?;
                self.shut_down();
                Ok(None)
            }
        }
    }

    fn launch(
        &mut self,
        request: Box<LaunchRequest>,
        descriptors: Vec<OwnedFd>,
        received_at: u64,
    ) -> Result<Option<Task>, Failure> {
        let expected = descriptors_of_program(&request.attachments, request.cgroup);
        check("launch", expected, descriptors.len())?;
        check_id(&request.id)?;
        let report = self
            .children
            .reporter()
            .map_err(|errno| Failure::of_call("fork", "report", errno))?;
        let id = request.id.clone();
        let copy = |descriptor: &OwnedFd| descriptor.try_clone().ok();
        let cgroup = descriptors.last().filter(|_| request.cgroup);
        let suits = self.prepared.expect(&request, cgroup.map(AsFd::as_fd));
        let (network, held) = self.network_of(&request.network, suits);
        self.note_visits(&request.network, &request.shared);
        // Only a sandbox mounts a kept overlay; another container mounts its directory anew.
        let kept = self.prepared.overlays.take(&self.host, &request.id);
        let overlay = kept.filter(|_| suits);
        let mut held = HeldDescriptors {
            network: held,
            cgroup: cgroup.and_then(copy),
            isolated: request.isolated,
            overlay: None,
        };
        let mut process_of = |sharing: &Sharing| match sharing {
            Sharing::Container { id } => self.container(id),
            Sharing::Private | Sharing::Host => None,
        };
        let launch = Launch {
            overlay,
            zygote: None,
            pid: process_of(&request.shared.pid),
            ipc: process_of(&request.shared.ipc),
            request,
            descriptors,
            network,
            devices: match suits {
                true => None,
                false => self.prepared.take_devices(),
            },
            received_at,
            report,
        };
        let pid = match self.prepared.launch(&launch, suits) {
            Some(launching) => {
                let network = launching.network.map(HeldNetwork::Prepared);
                held.network = network.or(held.network);
                held.overlay = held.isolated.then_some(launching.channel);
                launching.pid
            }
            None => match fork().map_err(explain_fork)? {
                Side::Child => return Ok(Some(Task::Monitor(launch))),
                Side::Parent(pid) => pid,
            },
        };
        self.children.add_monitor(pid, id, held);
        Ok(None)
    }

    /// Returns the network namespace that a container enters, and what the zygote holds of it until the container's end.
    fn network_of(
        &mut self,
        network: &Network,
        suits: bool,
    ) -> (Option<OwnedFd>, Option<HeldNetwork>) {
        match network {
            // The sandbox has one.
            Network::None if suits => (None, None),
            Network::None => {
                let held = self.prepared.take_network();
                let network = held.as_ref().map(|held| held.namespace.try_clone().ok());
                (network.flatten(), held.map(HeldNetwork::Prepared))
            }
            Network::Namespace { namespace } => {
                let (network, traces) = self.net_helper.take(&self.poll, *namespace).unzip();
                let traces = traces.flatten();
                let held = traces.map(|traces| HeldNetwork::OnBridges(*namespace, traces));
                (network, held)
            }
            Network::Process { pid } => (namespace_of(*pid), None),
            Network::Host => (None, None),
        }
    }

    /// Notes that a container joins namespaces of others.
    fn note_visits(&mut self, network: &Network, shared: &Shared) {
        for sharing in [&shared.pid, &shared.ipc] {
            if let Sharing::Container { id: owner } = sharing {
                self.children.note_visitor(|id, _| id == owner);
            }
        }
        if let Network::Process { pid: owner } = network {
            self.children.note_visitor(|_, pid| pid == Some(*owner));
        }
    }

    fn exec(
        &mut self,
        request: Box<ExecRequest>,
        descriptors: Vec<OwnedFd>,
        received_at: u64,
    ) -> Result<Option<Task>, Failure> {
        let expected = descriptors_of_program(&request.attachments, request.cgroup);
        check("exec", expected, descriptors.len())?;
        // The program may have other privileges than the container.
        self.children.note_visitor(|id, _| id == request.id);
        let exec = Exec {
            container: self.container(&request.id),
            request,
            descriptors,
            received_at,
        };
        match self.prepared.exec(&exec) {
            Some(pid) => {
                self.children.add_worker(pid);
                Ok(None)
            }
            None => self.fork_worker(Task::Exec(exec)),
        }
    }

    fn work(
        &mut self,
        mut request: WorkRequest,
        descriptors: Vec<OwnedFd>,
    ) -> Result<Option<Task>, Failure> {
        check("work", descriptors_of(&request), descriptors.len())?;
        let overlays = &mut self.prepared.overlays;
        overlays.prepare_work(&self.host, &mut self.children, &mut request);
        let container = match request.container() {
            Some(view) if view.running => self.container(&view.id),
            _ => None,
        };
        let job = worker::Job {
            request,
            descriptors,
            container,
        };
        self.fork_worker(Task::Worker(Box::new(job)))
    }

    /// Returns the first process of a container, also of one that an earlier zygote started; `None` if it is not running.
    fn container(&mut self, id: &str) -> Option<OwnedFd> {
        self.children
            .container(id)
            .or_else(|| survivors::container(self.host.run(), id))
    }

    /// Forks for a task after which the zygote only reaps the child.
    fn fork_worker(&mut self, task: Task) -> Result<Option<Task>, Failure> {
        match fork().map_err(explain_fork)? {
            Side::Child => Ok(Some(task)),
            Side::Parent(pid) => {
                self.children.add_worker(pid);
                Ok(None)
            }
        }
    }

    fn net(&mut self, descriptors: Vec<OwnedFd>) -> Result<Option<Task>, Failure> {
        check("net", 1, descriptors.len())?;
        let Some(daemon) = descriptors.into_iter().next() else {
            return Ok(None);
        };
        if self.net_helper.send_daemon(&self.poll, daemon.as_fd()) {
            return Ok(None);
        }
        let (ours, theirs) = seqpacket::pair()
            .map_err(|error| Failure::new(FailureKind::Exhausted, "net-helper", error))?;
        match fork().map_err(explain_fork)? {
            Side::Child => {
                drop(ours);
                return Ok(Some(Task::NetHelper {
                    zygote: theirs,
                    daemon,
                }));
            }
            Side::Parent(_) => self.net_helper.set_channel(&self.poll, ours, NET_HELPER),
        }
        Ok(None)
    }

    /// Keeps a listening socket for daemons and sends it to this one. A socket without its file is replaced.
    fn listen(&mut self, name: String, descriptors: Vec<OwnedFd>) -> Result<Option<Task>, Failure> {
        check("listen", 1, descriptors.len())?;
        let channel = descriptors.first().map(AsFd::as_fd);
        let socket = self.shared_listener(name)?;
        if let Some(channel) = channel {
            // A daemon that has ended meanwhile needs no answer.
            let _ = messages::send_with(channel, &FromZygote::Listening, socket);
        }
        Ok(None)
    }

    fn welcome(&mut self, index: usize) {
        let welcome = FromZygote::Welcome {
            version: VERSION,
            pid: std::process::id(),
            mapping: self.mapping.clone(),
            cgroup_namespace: self.cgroup_namespace,
        };
        let socket = self.connections[index].socket.as_fd();
        if messages::send(socket, &welcome).is_err() {
            self.connections.remove(index);
        }
    }
}

/// Returns the number of descriptors that a launch or exec has: the channel, a socket for each attachment, and the
/// cgroup.
fn descriptors_of_program(attachments: &[Attachment], cgroup: bool) -> usize {
    1 + attachments.len() + usize::from(cgroup)
}

/// Returns the number of descriptors that a work request has: the channel, and the streams that the request reads or
/// writes.
fn descriptors_of(request: &WorkRequest) -> usize {
    match request {
        WorkRequest::Unpack {
            arriving: Some(_), ..
        }
        | WorkRequest::Compress { .. } => 3,
        WorkRequest::Unpack { .. }
        | WorkRequest::Verify { .. }
        | WorkRequest::Archive { .. }
        | WorkRequest::ExportLayer { .. }
        | WorkRequest::Pack { .. }
        | WorkRequest::Changes { .. }
        | WorkRequest::List { .. }
        | WorkRequest::Export { .. }
        | WorkRequest::Extract { .. } => 2,
        WorkRequest::Remove { .. }
        | WorkRequest::Recycle { .. }
        | WorkRequest::Measure { .. }
        | WorkRequest::CommitLayer { .. }
        | WorkRequest::Merge { .. }
        | WorkRequest::Sync
        | WorkRequest::Copy { .. }
        | WorkRequest::Status { .. } => 1,
    }
}

fn check(message: &str, expected: usize, received: usize) -> Result<(), Failure> {
    match expected == received {
        true => Ok(()),
        false => Err(messages::wrong_descriptors(message, expected, received)),
    }
}

/// Refuses a malformed id, because the id becomes part of paths.
fn check_id(id: &str) -> Result<(), Failure> {
    let valid = id.len() == 64
        && id
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match valid {
        true => Ok(()),
        false => Err(Failure::new(
            FailureKind::InvalidArgument,
            "message",
            format!("expected an id of 64 lower-case hex characters, received {id:?}"),
        )),
    }
}

/// Opens the network namespace of a process. A process can enter it if the zygote's user namespace owns it, as it owns
/// every container's network namespace.
fn namespace_of(pid: u32) -> Option<OwnedFd> {
    let path = format!("/proc/{pid}/ns/net");
    open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()
}

fn explain_fork(error: sys::fork::Error) -> Failure {
    Failure::new(FailureKind::Exhausted, "fork", error)
}
