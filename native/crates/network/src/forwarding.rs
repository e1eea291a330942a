//! Traffic between containers and the host's network: the host opens a second connection for each connection of
//! a container, and relays between the two.

pub mod bind_ports;
mod closed_ports;
pub mod container_listeners;
pub mod outgoing_tcp;
pub mod outgoing_udp;
mod port_listener;
pub mod published_ports;
pub mod syn_queue;
pub mod tcp_relays;
pub mod udp_clients;

/// Datagrams of open flows handled for one descriptor before the others have their turn.
const BATCH: usize = 64;

/// Flows opened before the others have their turn. To open one takes as long as to forward about 30 datagrams.
const OPENED_AT_ONCE: usize = 2;

/// Size of a buffer that holds any datagram.
const DATAGRAM: usize = 64 * 1024;

/// Idle time after which routers forget a UDP conversation.
const UDP_IDLE: std::time::Duration = std::time::Duration::from_secs(120);
