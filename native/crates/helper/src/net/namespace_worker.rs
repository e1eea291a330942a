//! The thread that creates and changes containers' network namespaces. Each change takes the kernel milliseconds,
//! during which the event loop serves connections.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use network::namespace::{
    self, BlankNamespace, BridgePorts, DefaultRoute, Interface, NetNamespace,
};
use network::netlink::Error;
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

/// Blank namespaces kept ready: creating one takes as long as adding its interfaces.
const BLANK_NAMESPACES: usize = 2;

/// Time without jobs before a blank namespace is created. Meanwhile the container of the last job starts and needs the
/// processors.
const QUIET: Duration = Duration::from_millis(12);

#[derive(Debug)]
pub struct Job {
    pub namespace: u64,
    pub task: Task,
    /// The daemon that waits for the result, if one does.
    pub requester: Option<Requester>,
}

#[derive(Debug)]
pub enum Task {
    /// Creates the namespace with these interfaces.
    Create(Vec<Interface>),
    /// Opens the name server's listeners in the namespace of a helper that has died.
    Adopt(OwnedFd),
    Connect(OwnedFd, Interface),
    Disconnect(OwnedFd, String),
    SetDefaultRoute(OwnedFd, DefaultRoute),
    /// Forgets the interfaces of a namespace that was released.
    Release,
}

/// A daemon's connection, and the number of its request.
#[derive(Debug, Clone, Copy)]
pub struct Requester {
    pub connection: u64,
    pub number: u64,
}

#[derive(Debug)]
pub struct JobResult {
    pub namespace: u64,
    pub requester: Option<Requester>,
    /// The namespace, if it was created or adopted.
    pub result: Result<Option<NetNamespace>, Error>,
}

/// The event loop's handle to the thread.
#[derive(Debug)]
pub struct NamespaceWorker {
    jobs: Sender<Job>,
    results: Receiver<JobResult>,
    /// Readable when there are results.
    wake: OwnedFd,
}

impl NamespaceWorker {
    /// Starts the thread, which enters the bridges' namespace. `adopted` states whether an earlier helper left that
    /// namespace.
    pub fn start(bridges: OwnedFd, adopted: bool, ping_group: u32) -> Result<Self, Errno> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let waker = wake.try_clone().map_err(|_| Errno::MFILE)?;
        let (jobs, job_receiver) = channel();
        let (result_sender, results) = channel();
        let (used_netlinks, to_close) = channel::<OwnedFd>();
        spawn("tbox-closer", move || to_close.into_iter().for_each(drop))?;
        let work = move || {
            let Ok(ports) = enter(&bridges, adopted) else {
                return;
            };
            let mut worker = Worker {
                ports,
                bridges,
                interfaces: HashMap::new(),
                ping_group,
                blanks: Vec::new(),
                used_netlinks,
            };
            while let Some(job) = worker.next_job(&job_receiver) {
                let Job {
                    namespace,
                    task,
                    requester,
                } = job;
                let result = JobResult {
                    namespace,
                    requester,
                    result: worker.perform(namespace, task),
                };
                if result_sender.send(result).is_err() {
                    return;
                }
                let _ = rustix::io::write(&waker, &1_u64.to_ne_bytes());
            }
        };
        spawn("tbox-namespaces", work)?;
        Ok(Self {
            jobs,
            results,
            wake,
        })
    }

    pub fn wake(&self) -> &OwnedFd {
        &self.wake
    }

    /// Submits a job. Returns false if the thread has ended.
    pub fn submit(&self, job: Job) -> bool {
        self.jobs.send(job).is_ok()
    }

    /// Returns the results since the last call.
    pub fn results(&self) -> Vec<JobResult> {
        let _ = rustix::io::read(&self.wake, &mut [0_u8; 8]);
        self.results.try_iter().collect()
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Errno> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map(drop).map_err(|_| Errno::AGAIN)
}

fn enter(bridges: &OwnedFd, adopted: bool) -> Result<BridgePorts, Errno> {
    sys::network_namespace::enter(bridges.as_fd())?;
    BridgePorts::open(adopted)
}

/// State of the thread.
struct Worker {
    ports: BridgePorts,
    bridges: OwnedFd,
    /// Interfaces by namespace, without those that an earlier helper added.
    interfaces: HashMap<u64, Vec<Interface>>,
    ping_group: u32,
    blanks: Vec<BlankNamespace>,
    /// The queue of descriptors for the thread that closes them.
    used_netlinks: Sender<OwnedFd>,
}

impl Worker {
    /// Returns the next job, and creates blank namespaces until one arrives. After a failure, the next attempt follows
    /// the next job.
    fn next_job(&mut self, jobs: &Receiver<Job>) -> Option<Job> {
        while self.blanks.len() < BLANK_NAMESPACES {
            match jobs.recv_timeout(QUIET) {
                Err(RecvTimeoutError::Timeout) if self.create_blank().is_ok() => {}
                Err(RecvTimeoutError::Timeout) => break,
                job => return job.ok(),
            }
        }
        jobs.recv().ok()
    }

    fn create_blank(&mut self) -> Result<(), Error> {
        let created = BlankNamespace::create(self.ping_group);
        self.leave()?;
        let mut blank = created?;
        self.close(blank.take_used_netlink());
        self.blanks.push(blank);
        Ok(())
    }

    fn perform(&mut self, id: u64, task: Task) -> Result<Option<NetNamespace>, Error> {
        let result = match task {
            Task::Create(interfaces) => self.create(id, interfaces).map(Some),
            Task::Adopt(descriptor) => namespace::adopt(descriptor).map(Some),
            Task::Connect(descriptor, interface) => {
                let added = namespace::add_interface(&self.ports, descriptor.as_fd(), &interface);
                self.interfaces.entry(id).or_default().push(interface);
                added.map(|()| None)
            }
            Task::Disconnect(descriptor, interface) => {
                let removed = namespace::remove_interface(descriptor.as_fd(), &interface);
                self.forget(id, |one| one.name == interface);
                removed.map(|()| None)
            }
            Task::SetDefaultRoute(descriptor, route) => {
                namespace::set_default_route(descriptor.as_fd(), &route).map(|()| None)
            }
            Task::Release => {
                self.forget(id, |_| true);
                self.interfaces.remove(&id);
                Ok(None)
            }
        };
        self.leave()?;
        let mut namespace = result?;
        let used = namespace.as_mut().and_then(|one| one.used_netlink.take());
        self.close(used);
        Ok(namespace)
    }

    fn create(&mut self, id: u64, interfaces: Vec<Interface>) -> Result<NetNamespace, Error> {
        let blank = match self.blanks.pop() {
            Some(blank) => blank,
            None => BlankNamespace::create(self.ping_group)?,
        };
        let created = blank.configure(&self.ports, &interfaces);
        self.interfaces.insert(id, interfaces);
        created
    }

    /// Forgets the addresses of the interfaces that match. Names of ports are never used twice, so an entry that stays
    /// after an error lets nothing pass.
    fn forget(&mut self, namespace: u64, matches: impl Fn(&Interface) -> bool) {
        let Some(interfaces) = self.interfaces.get_mut(&namespace) else {
            return;
        };
        for interface in interfaces.extract_if(.., |interface| matches(interface)) {
            let _ = self.ports.forget(&interface);
        }
    }

    /// Returns to the bridges' namespace, because a namespace exists as long as a thread is in it.
    fn leave(&self) -> Result<(), Error> {
        let left = sys::network_namespace::enter(self.bridges.as_fd());
        left.map_err(|errno| Error {
            what: "namespace",
            errno,
        })
    }

    fn close(&self, used_netlink: Option<OwnedFd>) {
        if let Some(socket) = used_netlink {
            let _ = self.used_netlinks.send(socket);
        }
    }
}
