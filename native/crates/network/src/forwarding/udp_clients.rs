//! Clients that send datagrams to a published port, and the container's answers to them.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use sys::event::{Interest, Poll};
use sys::inet::{self, Datagram};
use sys::watched::Watched;

use super::{BATCH, UDP_IDLE};
use crate::descriptor_budget::{DescriptorBudget, Share};
use crate::event_token::EventSource;
use crate::flows::{Flow, FlowOwner, Flows, Limits, WhenFull};

const LIMITS: Limits = Limits {
    total: 8192,
    per_container: 4096,
    when_full: WhenFull::EvictOldest,
    idle: Some(UDP_IDLE),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    listener: u64,
    client: SocketAddr,
    /// The address of the host that the client sends to.
    local: Option<IpAddr>,
}

/// The datagrams between one client and one published port.
#[derive(Debug)]
struct Client {
    key: Key,
    /// A socket that is connected to the container.
    container: Watched,
    /// The first datagram, until the container has answered or its other address was tried.
    first: Option<Vec<u8>>,
}

impl Flow for Client {
    fn watch(&mut self, poll: &Poll) -> Result<(), Errno> {
        self.container.watch(poll, Some(Interest::READ))
    }
}

#[derive(Debug)]
pub struct UdpClients(Flows<Key, Client>);

impl UdpClients {
    pub fn new(budget: DescriptorBudget) -> Self {
        let limits = LIMITS.within(budget, Share::UdpClients);
        Self(Flows::new(EventSource::UdpClients, limits))
    }

    /// Sends a client's datagram to the container. `open` returns a socket for a new client.
    pub fn forward(
        &mut self,
        poll: &Poll,
        owner: FlowOwner,
        listener: u64,
        datagram: (&Datagram, &[u8]),
        open: impl FnOnce() -> Result<OwnedFd, Errno>,
    ) {
        let (datagram, bytes) = datagram;
        let key = Key {
            listener,
            client: datagram.source,
            local: datagram.destination.map(|address| address.ip()),
        };
        let id = self.0.find(&key).or_else(|| {
            self.0.open(poll, owner, Some(key), |tokens| {
                let container = Watched::new(open()?, tokens.first);
                let first = Some(bytes.to_vec());
                Ok(Client {
                    key,
                    container,
                    first,
                })
            })
        });
        if let Some(client) = id.and_then(|id| self.0.use_flow(id)) {
            let _ = send(&client.container, bytes, SendFlags::DONTWAIT);
        }
    }

    /// Sends a container's answers to the client from the listener's own address; `socket` returns the listener's
    /// socket. Returns the listener and the client if the container has refused the first datagram.
    pub fn answer<'ports>(
        &mut self,
        id: u64,
        socket: impl Fn(u64) -> Option<BorrowedFd<'ports>>,
        buffer: &mut [u8],
    ) -> Option<(u64, SocketAddr)> {
        let Client {
            key,
            container,
            first,
        } = self.0.use_flow(id)?;
        let socket = socket(key.listener)?;
        for _ in 0..BATCH {
            match recv(&*container, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((_, length)) => {
                    *first = None;
                    let _ = inet::send(socket, &buffer[..length], key.client, key.local);
                }
                // No program in the container listens at this address.
                Err(Errno::CONNREFUSED) if first.is_some() => {
                    return Some((key.listener, key.client));
                }
                // The next datagram tries the addresses again.
                Err(Errno::CONNREFUSED) => {
                    self.0.close(id);
                    return None;
                }
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        None
    }

    /// Replaces the socket to the container, and sends the first datagram again.
    pub fn redirect(&mut self, poll: &Poll, id: u64, socket: OwnedFd) {
        let Some(client) = self.0.use_flow(id) else {
            return;
        };
        let Some(first) = client.first.take() else {
            return;
        };
        let token = client.container.token();
        client.container = Watched::new(socket, token);
        if client.watch(poll).is_err() {
            self.0.close(id);
            return;
        }
        let _ = send(&client.container, &first, SendFlags::DONTWAIT);
    }

    /// Closes the flows of all clients of a listener.
    pub fn close_listener(&mut self, listener: u64) {
        self.0.close_keys(|key| key.listener == listener);
    }

    /// Closes idle flows.
    pub fn expire(&mut self) {
        self.0.expire();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_token::EventToken;
    use crate::sockets;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;
    use std::time::Duration;

    const LISTENER: u64 = 5;

    #[test]
    fn each_client_receives_the_answers_to_its_own_datagrams() {
        let mut poll = Poll::create().unwrap();
        let mut clients = UdpClients::new(DescriptorBudget::new(4096));
        let local = "127.0.0.1:0".parse().unwrap();
        let port = sockets::bind_udp(local).unwrap();
        inet::set_receive_local(port.as_fd(), local.ip()).unwrap();
        let address = sockets::local_address(&port).unwrap();
        let container = UdpSocket::bind(local).unwrap();
        let target = container.local_addr().unwrap();
        let mut buffer = [0; 100];
        let senders = [(); 2].map(|()| UdpSocket::bind(local).unwrap());
        for (number, sender) in senders.iter().enumerate() {
            sender
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            for _ in 0..2 {
                sender.send_to(&[b'0' + number as u8], address).unwrap();
                let datagram = inet::receive(port.as_fd(), &mut buffer).unwrap();
                let bytes = &buffer[..datagram.length];
                let owner = FlowOwner::Namespace(1);
                clients.forward(&poll, owner, LISTENER, (&datagram, bytes), || {
                    sockets::connect_udp(target)
                });
            }
        }
        assert_eq!(clients.0.len(), 2);
        for _ in 0..4 {
            let (length, from) = container.recv_from(&mut buffer).unwrap();
            container.send_to(&buffer[..length], from).unwrap();
        }
        let mut events = Vec::new();
        poll.wait(&mut events, None).unwrap();
        assert_eq!(events.len(), 2);
        for event in events {
            let id = EventToken::decode(event.token).unwrap().index;
            clients.answer(id, |_| Some(port.as_fd()), &mut buffer);
        }
        for (number, sender) in senders.iter().enumerate() {
            for _ in 0..2 {
                assert_eq!(sender.recv_from(&mut buffer).unwrap(), (1, address));
                assert_eq!(buffer[0], b'0' + number as u8);
            }
        }
        clients.close_listener(LISTENER);
        assert!(clients.0.is_empty());
    }

    /// Waits for an event of a client's socket, and reads it. Returns the client's id.
    fn answer(poll: &mut Poll, clients: &mut UdpClients, port: BorrowedFd<'_>) -> (u64, bool) {
        let mut events = Vec::new();
        poll.wait(&mut events, Some(Duration::from_secs(10)))
            .unwrap();
        let id = EventToken::decode(events[0].token).unwrap().index;
        let refused = clients.answer(id, |_| Some(port), &mut [0; 100]);
        (id, refused.is_some())
    }

    #[test]
    fn a_refused_datagram_is_sent_to_the_other_address_and_the_next_one_begins_again() {
        let mut poll = Poll::create().unwrap();
        let mut clients = UdpClients::new(DescriptorBudget::new(4096));
        let local: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let port = sockets::bind_udp(local).unwrap();
        let other = UdpSocket::bind(local).unwrap();
        let closed = UdpSocket::bind(local).unwrap().local_addr().unwrap();
        let datagram = Datagram {
            length: 3,
            source: "127.0.0.1:9".parse().unwrap(),
            destination: None,
        };
        let owner = FlowOwner::Namespace(1);
        let open = || sockets::connect_udp(closed);
        clients.forward(&poll, owner, LISTENER, (&datagram, b"one"), open);
        let (id, refused) = answer(&mut poll, &mut clients, port.as_fd());
        assert!(refused);
        let target = other.local_addr().unwrap();
        clients.redirect(&poll, id, sockets::connect_udp(target).unwrap());
        let mut buffer = [0; 100];
        let (length, _) = other.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"one");
        drop(other);
        clients.forward(&poll, owner, LISTENER, (&datagram, b"two"), open);
        let (_, refused) = answer(&mut poll, &mut clients, port.as_fd());
        assert!(!refused && clients.0.is_empty());
    }
}
