//! The thread that makes sandboxes: the kernel takes its time, and connections are not to wait.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use network::netlink::{Error, Netlink, Subject};
use network::sandbox::{self, Blank, Plug, Route, Sandbox};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

/// Namespaces on no network yet that are kept ready: to make one takes as long as to put it on a network.
const BLANKS: usize = 2;

/// How long nothing must have been asked before one is made: a container that waits for what was made last starts in
/// that time, for which it needs the processors.
const QUIET: Duration = Duration::from_millis(12);

/// Something to be done about a sandbox.
#[derive(Debug)]
pub struct Job {
    pub sandbox: u64,
    pub work: Work,
    /// Whom to tell; nobody waits for what no daemon asked for.
    pub client: Option<Client>,
}

#[derive(Debug)]
pub enum Work {
    /// Make it, with these interfaces.
    Make(Vec<Plug>),
    /// Listen in it for questions about names: whoever did has died.
    Listen(OwnedFd),
    Connect(OwnedFd, Plug),
    Disconnect(OwnedFd, String),
    Route(OwnedFd, Route),
}

/// A daemon's connection, and its number for the job.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    pub connection: u64,
    pub request: u64,
}

/// What became of a job.
#[derive(Debug)]
pub struct Outcome {
    pub sandbox: u64,
    pub client: Option<Client>,
    /// With the sandbox, if it was made or taken over.
    pub result: Result<Option<Sandbox>, Error>,
}

#[derive(Debug)]
pub struct Maker {
    jobs: Sender<Job>,
    made: Receiver<Outcome>,
    /// Readable when something was made.
    wake: OwnedFd,
}

impl Maker {
    /// Starts the thread, in a namespace with bridges.
    pub fn start(bridges: OwnedFd, ping_group: u32) -> Result<Self, Errno> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let waker = wake.try_clone().map_err(|_| Errno::MFILE)?;
        let (jobs, todo) = channel();
        let (done, made) = channel();
        let (spent, to_close) = channel::<OwnedFd>();
        spawn("tbox-closer", move || to_close.into_iter().for_each(drop))?;
        let work = move || {
            let Ok(netlink) = enter(&bridges) else {
                return;
            };
            let mut workshop = Workshop {
                netlink,
                bridges,
                ping_group,
                blanks: Vec::new(),
                spent,
            };
            while let Some(job) = workshop.next(&todo) {
                let Job {
                    sandbox,
                    work,
                    client,
                } = job;
                let outcome = Outcome {
                    sandbox,
                    client,
                    result: workshop.perform(work),
                };
                if done.send(outcome).is_err() {
                    return;
                }
                let _ = rustix::io::write(&waker, &1_u64.to_ne_bytes());
            }
        };
        spawn("tbox-maker", work)?;
        Ok(Self { jobs, made, wake })
    }

    pub fn wake(&self) -> &OwnedFd {
        &self.wake
    }

    /// Whether it will be made; not when the thread has ended.
    pub fn order(&self, job: Job) -> bool {
        self.jobs.send(job).is_ok()
    }

    /// What was made since the last call.
    pub fn made(&self) -> Vec<Outcome> {
        let _ = rustix::io::read(&self.wake, &mut [0_u8; 8]);
        self.made.try_iter().collect()
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Errno> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map(drop).map_err(|_| Errno::AGAIN)
}

fn enter(bridges: &OwnedFd) -> Result<Netlink, Errno> {
    sys::network_namespace::enter(bridges.as_fd())?;
    Netlink::open(Subject::Links)
}

/// What the thread works with.
struct Workshop {
    /// Of the namespace with the bridges.
    netlink: Netlink,
    bridges: OwnedFd,
    ping_group: u32,
    blanks: Vec<Blank>,
    /// Takes what another thread is to close.
    spent: Sender<OwnedFd>,
}

impl Workshop {
    /// What is to be done next; while there is nothing, namespaces are made ahead of need. One that cannot be made is
    /// tried again after the next job.
    fn next(&mut self, todo: &Receiver<Job>) -> Option<Job> {
        while self.blanks.len() < BLANKS {
            match todo.recv_timeout(QUIET) {
                Err(RecvTimeoutError::Timeout) if self.prepare().is_ok() => {}
                Err(RecvTimeoutError::Timeout) => break,
                job => return job.ok(),
            }
        }
        todo.recv().ok()
    }

    /// Makes one more namespace ahead of need.
    fn prepare(&mut self) -> Result<(), Error> {
        let made = Blank::make(self.ping_group);
        self.leave()?;
        let mut blank = made?;
        self.close(blank.take_spent());
        self.blanks.push(blank);
        Ok(())
    }

    fn perform(&mut self, work: Work) -> Result<Option<Sandbox>, Error> {
        let result = match work {
            Work::Make(plugs) => self.make(&plugs).map(Some),
            Work::Listen(namespace) => sandbox::listen_again(namespace).map(Some),
            Work::Connect(namespace, plug) => {
                sandbox::add(&self.netlink, namespace.as_fd(), &plug).map(|()| None)
            }
            Work::Disconnect(namespace, interface) => {
                sandbox::take(namespace.as_fd(), &interface).map(|()| None)
            }
            Work::Route(namespace, route) => {
                sandbox::route(namespace.as_fd(), &route).map(|()| None)
            }
        };
        self.leave()?;
        let mut made = result?;
        self.close(made.as_mut().and_then(|sandbox| sandbox.spent.take()));
        Ok(made)
    }

    fn make(&mut self, plugs: &[Plug]) -> Result<Sandbox, Error> {
        let blank = match self.blanks.pop() {
            Some(blank) => blank,
            None => Blank::make(self.ping_group)?,
        };
        blank.furnish(&self.netlink, plugs)
    }

    /// A namespace lives as long as somebody is in it.
    fn leave(&self) -> Result<(), Error> {
        let left = sys::network_namespace::enter(self.bridges.as_fd());
        left.map_err(|errno| Error {
            what: "namespace",
            errno,
        })
    }

    fn close(&self, spent: Option<OwnedFd>) {
        if let Some(socket) = spent {
            let _ = self.spent.send(socket);
        }
    }
}
