//! User-mode networks: bridges, container network namespaces, forwarding to and from the host's network, and the name
//! server of the containers.

pub mod bridge_namespace;
pub mod bridges;
pub mod container_addresses;
mod current_namespace;
pub mod descriptor_budget;
pub mod event_token;
mod fair_queue;
pub mod firewall;
pub mod flows;
pub mod forwarding;
pub mod names;
pub mod namespace;
pub mod netlink;
pub mod rtnetlink;
pub mod sockets;
