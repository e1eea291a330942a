//! Requests of daemons to the net helper.

use std::os::fd::{AsFd, OwnedFd};

use network::namespace::{DefaultRoute, Interface, NetNamespace};
use network::netlink;
use protocol::failure::{Failure, FailureKind};
use protocol::net::{Endpoint, FromNet, NamespaceRequest, Publication, Request, Response, ToNet};
use rustix::io::Errno;

use super::namespace_worker::{Job, JobResult, Requester, Task};
use super::server::Server;
use super::zygote_messages::FromHelper;
use crate::messages;

/// Messages handled for one daemon before the others have their turn.
const BATCH: usize = 64;

const TOO_MANY_PORTS: &str = "too many published ports: all containers together have a quarter of the files that the daemon may open: publish fewer ports, or raise the hard limit of open files (ulimit -Hn)";

/// A request that is done at once, or the worker's job for it.
enum Handled {
    Done(Response),
    Submitted { namespace: u64, task: Task },
}

impl Server {
    pub fn serve_daemon(&mut self, connection: u64) {
        for _ in 0..BATCH {
            let Some(socket) = self.daemons.get(&connection) else {
                return;
            };
            match sys::seqpacket::receive_ready(socket.as_fd()) {
                Ok(Some(received)) => {
                    // A malformed message closes the connection.
                    let Ok(ToNet { number, request }) =
                        messages::parse(&received.text, "to the net helper")
                    else {
                        self.daemons.remove(&connection);
                        return;
                    };
                    self.handle(Requester { connection, number }, request);
                }
                Err(sys::seqpacket::Error::WouldBlock) => return,
                Ok(None) | Err(_) => {
                    self.daemons.remove(&connection);
                    return;
                }
            }
        }
    }

    /// Answers a request, or submits a job whose result is answered later.
    fn handle(&mut self, requester: Requester, request: Request) {
        let response = match self.perform(request) {
            Ok(Handled::Done(response)) => response,
            Ok(Handled::Submitted { namespace, task }) => {
                let job = Job {
                    namespace,
                    task,
                    requester: Some(requester),
                };
                if self.worker.submit(job) {
                    return;
                }
                Response::Failed(Failure::new(
                    FailureKind::System,
                    "network",
                    "set up a network namespace: the worker thread has ended",
                ))
            }
            Err(failure) => Response::Failed(failure),
        };
        self.respond(requester, response);
    }

    fn perform(&mut self, request: Request) -> Result<Handled, Failure> {
        match request {
            Request::GetState => return Ok(Handled::Done(self.state())),
            Request::EnsureNetwork(network) => self
                .bridges
                .ensure(&self.netlink, &self.probe, network)
                .map_err(|error| explain("create the bridge", error))?,
            Request::RemoveNetwork { id } => self
                .bridges
                .remove(&self.netlink, &id)
                .map_err(|error| explain("remove the bridge", error))?,
            Request::CreateNamespace(request) => return self.create_namespace(&request),
            Request::Connect {
                namespace,
                endpoint,
            } => return self.connect(namespace, &endpoint),
            Request::Disconnect {
                namespace,
                interface,
            } => return self.disconnect(namespace, interface),
            Request::SetDefaultRoute {
                namespace,
                network,
                interface,
                ipv4,
                ipv6,
            } => {
                let bridge = self.bridges.get(&network);
                let bridge = bridge.ok_or_else(|| unknown_network(&network))?;
                let route = DefaultRoute::new(interface, bridge, ipv4, ipv6);
                let descriptor = self.descriptor(namespace)?;
                let task = Task::SetDefaultRoute(descriptor, route);
                return Ok(Handled::Submitted { namespace, task });
            }
            Request::SetNames(names) => self.names.set(names),
            Request::Retarget {
                namespace,
                ipv4,
                ipv6,
            } => self.ports.retarget(&self.poll, namespace, ipv4, ipv6),
            Request::Publish(publication) => return self.publish(&publication),
            Request::Release { namespaces } => self.release(namespaces),
        }
        Ok(Handled::Done(Response::Done))
    }

    fn create_namespace(&mut self, request: &NamespaceRequest) -> Result<Handled, Failure> {
        let namespace = request.namespace;
        let endpoints = request.endpoints.iter();
        let interfaces = endpoints.map(|endpoint| self.interface(namespace, endpoint));
        let interfaces: Result<Vec<Interface>, Failure> = interfaces.collect();
        let task = Task::Create(interfaces?);
        Ok(Handled::Submitted { namespace, task })
    }

    fn connect(&mut self, namespace: u64, endpoint: &Endpoint) -> Result<Handled, Failure> {
        let descriptor = self.descriptor(namespace)?;
        let task = Task::Connect(descriptor, self.interface(namespace, endpoint)?);
        Ok(Handled::Submitted { namespace, task })
    }

    fn disconnect(&mut self, namespace: u64, interface: String) -> Result<Handled, Failure> {
        let descriptor = self.descriptor(namespace)?;
        let containers = &mut self.bridges.containers;
        containers.remove_interface(namespace, &interface);
        let task = Task::Disconnect(descriptor, interface);
        Ok(Handled::Submitted { namespace, task })
    }

    fn publish(&mut self, publication: &Publication) -> Result<Handled, Failure> {
        let published = self.ports.publish(&self.poll, publication);
        let ports = published.map_err(|error| match error.errno {
            Errno::MFILE => Failure::new(FailureKind::Exhausted, "publish", TOO_MANY_PORTS),
            errno => Failure::of_call("publish", &error.address.to_string(), errno),
        })?;
        Ok(Handled::Done(Response::Published { ports }))
    }

    fn state(&self) -> Response {
        Response::State {
            pid: std::process::id(),
            uplink: self.uplink.clone(),
            namespaces: self.namespaces.keys().copied().collect(),
            published: self.ports.namespaces(),
        }
    }

    fn release(&mut self, namespaces: Vec<u64>) {
        for namespace in &namespaces {
            self.namespaces.remove(namespace);
            self.names.remove(*namespace);
            self.ports.remove_namespace(*namespace);
            self.bridges.containers.remove_namespace(*namespace);
            self.worker.submit(Job {
                namespace: *namespace,
                task: Task::Release,
                requester: None,
            });
        }
        self.zygote.send(&FromHelper::Release { namespaces }, &[]);
    }

    fn interface(&mut self, namespace: u64, endpoint: &Endpoint) -> Result<Interface, Failure> {
        let bridge = self.bridges.get(&endpoint.network);
        let interface = bridge
            .and_then(|bridge| Interface::new(namespace, endpoint, bridge))
            .ok_or_else(|| unknown_network(&endpoint.network))?;
        self.bridges.containers.add(namespace, endpoint);
        Ok(interface)
    }

    fn descriptor(&self, namespace: u64) -> Result<OwnedFd, Failure> {
        let known = self.namespaces.get(&namespace);
        let copy = known.and_then(|known| known.try_clone().ok());
        copy.ok_or_else(|| {
            let message = format!("network namespace {namespace} does not exist");
            Failure::new(FailureKind::NotFound, "network", message)
        })
    }

    /// Answers the requests whose jobs are done.
    pub fn take_results(&mut self) {
        for result in self.worker.results() {
            let JobResult {
                namespace,
                requester,
                result,
            } = result;
            let done = match result {
                Ok(Some(made)) => self.keep(namespace, made, requester.is_some()),
                Ok(None) => Ok(()),
                Err(error) => Err(explain("set up a network namespace", error)),
            };
            let response = match done {
                Ok(()) => Response::Done,
                Err(failure) => Response::Failed(failure),
            };
            if let Some(requester) = requester {
                self.respond(requester, response);
            }
        }
    }

    /// Starts to serve a namespace. The zygote receives a new namespace before the daemon receives the response.
    fn keep(&mut self, namespace: u64, made: NetNamespace, new: bool) -> Result<(), Failure> {
        if new {
            let message = FromHelper::Namespace { namespace };
            self.zygote.send(&message, &[made.descriptor.as_fd()]);
        } else if !self.namespaces.contains_key(&namespace) {
            // The daemon released the namespace while the worker adopted it.
            return Ok(());
        }
        self.ports.add_namespace(namespace, made.sockets);
        self.names
            .add(&self.poll, namespace, made.names)
            .map_err(|errno| Failure::of_call("network", "epoll", errno))?;
        self.namespaces.insert(namespace, made.descriptor);
        Ok(())
    }

    fn respond(&mut self, requester: Requester, response: Response) {
        let Requester { connection, number } = requester;
        let message = FromNet { number, response };
        if let Some(socket) = self.daemons.get(&connection)
            && messages::send(socket.as_fd(), &message).is_err()
        {
            self.daemons.remove(&connection);
        }
    }
}

fn explain(action: &str, netlink::Error { what, errno }: netlink::Error) -> Failure {
    let hint = match errno {
        Errno::OPNOTSUPP => {
            ": the kernel does not support it: load its modules bridge and veth, or use --network none"
        }
        _ => "",
    };
    let mut failure = Failure::of_call("network", what, errno);
    failure.message = format!("{action}: {what}: {errno}{hint}");
    failure
}

fn unknown_network(network: &str) -> Failure {
    let message = format!("network {network} has no bridge, or the hardware address is malformed");
    Failure::new(FailureKind::InvalidArgument, "network", message)
}
