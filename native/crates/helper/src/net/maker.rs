//! The thread that makes sandboxes: the kernel takes its time, and connections are not to wait.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use network::netlink::{Error, Netlink, Subject};
use network::sandbox::{self, Plug, Route, Sandbox};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

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
        let work = move || {
            let Ok(netlink) = enter(&bridges) else {
                return;
            };
            for Job {
                sandbox,
                work,
                client,
            } in todo
            {
                let result = perform(&netlink, &bridges, work, ping_group);
                let outcome = Outcome {
                    sandbox,
                    client,
                    result,
                };
                if done.send(outcome).is_err() {
                    return;
                }
                let _ = rustix::io::write(&waker, &1_u64.to_ne_bytes());
            }
        };
        thread::Builder::new()
            .name("tbox-maker".to_owned())
            .spawn(work)
            .map_err(|_| Errno::AGAIN)?;
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

fn enter(bridges: &OwnedFd) -> Result<Netlink, Errno> {
    sys::network_namespace::enter(bridges.as_fd())?;
    Netlink::open(Subject::Links)
}

fn perform(
    netlink: &Netlink,
    bridges: &OwnedFd,
    work: Work,
    ping_group: u32,
) -> Result<Option<Sandbox>, Error> {
    let result = match work {
        Work::Make(plugs) => sandbox::make(netlink, &plugs, ping_group).map(Some),
        Work::Listen(namespace) => sandbox::listen_again(namespace).map(Some),
        Work::Connect(namespace, plug) => {
            sandbox::add(netlink, namespace.as_fd(), &plug).map(|()| None)
        }
        Work::Disconnect(namespace, interface) => {
            sandbox::take(namespace.as_fd(), &interface).map(|()| None)
        }
        Work::Route(namespace, route) => sandbox::route(namespace.as_fd(), &route).map(|()| None),
    };
    // A namespace lives as long as somebody is in it.
    let left = sys::network_namespace::enter(bridges.as_fd());
    left.map_err(|errno| Error {
        what: "namespace",
        errno,
    })?;
    result
}
