//! The networks of one user: bridges and the interfaces on them, and the way from there to wherever the
//! host reaches.

pub mod bridges;
pub mod copy;
pub mod datagrams;
pub mod firewall;
pub mod host_resolver;
pub mod inside;
pub mod links;
pub mod name_streams;
pub mod name_table;
pub mod names;
pub mod netlink;
pub mod ports;
pub mod queue;
pub mod sandbox;
pub mod sockets;
pub mod tokens;
pub mod uplink;
pub mod visits;
