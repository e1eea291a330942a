//! What daemons ask of the net helper.

use std::os::fd::{AsFd, OwnedFd};

use network::netlink;
use network::sandbox::{Plug, Route, Sandbox};
use protocol::failure::{Failure, FailureKind};
use protocol::net::{Endpoint, FromNet, Request, Response, ToNet};
use rustix::io::Errno;

use crate::failure;
use crate::messages;
use crate::net::maker::{Client, Job, Outcome, Work};
use crate::net::messages::FromHelper;
use crate::net::serve::{Namespace, Server};

/// Messages handled for one connection before the others have their turn.
const AT_ONCE: usize = 64;

impl Server {
    pub(super) fn serve_daemon(&mut self, connection: u64) {
        for _ in 0..AT_ONCE {
            let Some(socket) = self.daemons.get(&connection) else {
                return;
            };
            match sys::seqpacket::receive_ready(socket.as_fd()) {
                Ok(Some(received)) => {
                    // Whoever does not keep to the protocol is not listened to.
                    let Ok(ToNet {
                        number: request,
                        request: order,
                    }) = messages::parse(&received.text, "to the net helper")
                    else {
                        self.daemons.remove(&connection);
                        return;
                    };
                    if let Some(answer) = self.obey(connection, request, order) {
                        self.answer(connection, request, answer);
                    }
                }
                Err(sys::seqpacket::Error::WouldBlock) => return,
                Ok(None) | Err(_) => {
                    self.daemons.remove(&connection);
                    return;
                }
            }
        }
    }

    /// The answer, unless it comes later.
    fn obey(&mut self, connection: u64, request: u64, order: Request) -> Option<Response> {
        let done = match order {
            Request::GetState => {
                return Some(Response::State {
                    pid: std::process::id(),
                    uplink: self.uplink_kind.clone(),
                    namespaces: self.sandboxes.keys().copied().collect(),
                    published: self.ports.sandboxes(),
                });
            }
            Request::EnsureNetwork(network) => self
                .bridges
                .ensure(&self.links, &self.probe, network)
                .map_err(|error| explain("make the bridge", error)),
            Request::RemoveNetwork { id } => self
                .bridges
                .remove(&self.links, &id)
                .map_err(|error| explain("remove the bridge", error)),
            Request::CreateNamespace(wanted) => {
                let sandbox = wanted.namespace;
                let plugs = wanted.endpoints.iter();
                let plugs: Result<Vec<Plug>, Failure> =
                    plugs.map(|endpoint| self.plug(sandbox, endpoint)).collect();
                let order = plugs.map(Work::Make);
                return self.order(connection, request, sandbox, order);
            }
            Request::Connect {
                namespace: sandbox,
                endpoint,
            } => {
                let plug = self.plug(sandbox, &endpoint);
                let order = plug.and_then(|plug| Ok(Work::Connect(self.namespace(sandbox)?, plug)));
                return self.order(connection, request, sandbox, order);
            }
            Request::Disconnect {
                namespace: sandbox,
                interface,
            } => {
                let order = self.namespace(sandbox);
                let order = order.map(|namespace| Work::Disconnect(namespace, interface));
                return self.order(connection, request, sandbox, order);
            }
            Request::SetDefaultRoute {
                namespace: sandbox,
                network,
                interface,
                ipv4,
                ipv6,
            } => {
                let bridge = self.bridges.get(&network).ok_or_else(|| unknown(&network));
                let route = bridge.map(|bridge| Route::of(interface, bridge, ipv4, ipv6));
                let order =
                    route.and_then(|route| Ok(Work::Route(self.namespace(sandbox)?, route)));
                return self.order(connection, request, sandbox, order);
            }
            Request::SetNames(names) => {
                self.names.set(names);
                Ok(())
            }
            Request::Retarget {
                namespace: sandbox,
                ipv4,
                ipv6,
            } => {
                self.ports.retarget(sandbox, ipv4, ipv6);
                Ok(())
            }
            Request::Publish(publication) => match self.ports.publish(&self.poll, &publication) {
                Ok(ports) => return Some(Response::Published { ports }),
                Err(error) => {
                    let subject = error.place.to_string();
                    Err(failure::system("publish", &subject, error.errno))
                }
            },
            Request::Release {
                namespaces: sandboxes,
            } => {
                for sandbox in &sandboxes {
                    self.sandboxes.remove(sandbox);
                    self.names.remove(&self.poll, *sandbox);
                    self.ports.withdraw(*sandbox);
                }
                self.tell_zygote(&FromHelper::Release { sandboxes }, &[]);
                Ok(())
            }
        };
        Some(match done {
            Ok(()) => Response::Done,
            Err(failure) => Response::Failed(failure),
        })
    }

    fn plug(&self, sandbox: u64, endpoint: &Endpoint) -> Result<Plug, Failure> {
        let bridge = self.bridges.get(&endpoint.network);
        bridge
            .and_then(|bridge| Plug::of(sandbox, endpoint, bridge))
            .ok_or_else(|| unknown(&endpoint.network))
    }

    fn namespace(&self, sandbox: u64) -> Result<OwnedFd, Failure> {
        let namespace = self.sandboxes.get(&sandbox);
        let copy = namespace.and_then(|namespace| namespace.descriptor.try_clone().ok());
        copy.ok_or_else(|| {
            let message = format!("network sandbox {sandbox} is gone");
            failure::explained(FailureKind::NotFound, "network", message)
        })
    }

    /// Has the maker do it; the answer if that comes at once.
    fn order(
        &self,
        connection: u64,
        request: u64,
        sandbox: u64,
        work: Result<Work, Failure>,
    ) -> Option<Response> {
        let work = match work {
            Ok(work) => work,
            Err(failure) => return Some(Response::Failed(failure)),
        };
        let job = Job {
            sandbox,
            work,
            client: Some(Client {
                connection,
                request,
            }),
        };
        let refused = system("make a network namespace: the maker has ended");
        (!self.maker.order(job)).then_some(Response::Failed(refused))
    }

    pub(super) fn take_made(&mut self) {
        for outcome in self.maker.made() {
            let Outcome {
                sandbox,
                client,
                result,
            } = outcome;
            let done = match result {
                Ok(Some(made)) => self.keep(sandbox, made, client.is_some()),
                Ok(None) => Ok(()),
                Err(error) => Err(explain("make a network namespace", error)),
            };
            let answer = match done {
                Ok(()) => Response::Done,
                Err(failure) => Response::Failed(failure),
            };
            if let Some(Client {
                connection,
                request,
            }) = client
            {
                self.answer(connection, request, answer);
            }
        }
    }

    /// The zygote has the namespace before the daemon hears of it.
    fn keep(&mut self, sandbox: u64, made: Sandbox, new: bool) -> Result<(), Failure> {
        if new {
            let message = FromHelper::Sandbox { sandbox };
            self.tell_zygote(&message, &[made.namespace.as_fd()]);
        } else if !self.sandboxes.contains_key(&sandbox) {
            // It was released meanwhile.
            return Ok(());
        }
        self.names
            .add(&self.poll, sandbox, made.names)
            .map_err(|errno| failure::system("network", "epoll", errno))?;
        let namespace = Namespace {
            descriptor: made.namespace,
            number: Some(made.number),
        };
        self.sandboxes.insert(sandbox, namespace);
        Ok(())
    }

    fn answer(&mut self, connection: u64, request: u64, answer: Response) {
        let message = FromNet {
            number: request,
            response: answer,
        };
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
            ": the kernel has none: load its modules bridge and veth, or use --network none"
        }
        _ => "",
    };
    let mut failure = failure::system("network", what, errno);
    failure.message = format!("{action}: {what}: {errno}{hint}");
    failure
}

fn unknown(network: &str) -> Failure {
    let message = format!("no bridge of network {network}, or no hardware address");
    failure::explained(FailureKind::InvalidArgument, "network", message)
}

fn system(message: &str) -> Failure {
    failure::explained(FailureKind::System, "network", message)
}
