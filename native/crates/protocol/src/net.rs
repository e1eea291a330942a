//! Messages between the daemon and the net helper, over a channel that the zygote passes on for
//! [`crate::zygote::ToZygote::Net`].
//!
//! The daemon numbers its requests. Each gets one response; responses may arrive in another order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// A numbered request of the daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToNet {
    #[serde(rename = "request")]
    pub number: u64,
    #[serde(flatten)]
    pub request: Request,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Request {
    /// Asks for the helper's state. Answered by [`Response::State`].
    #[serde(rename = "survey")]
    GetState,
    /// Creates the bridge of a network, or adopts the existing one.
    #[serde(rename = "network")]
    EnsureNetwork(Network),
    /// Removes the bridge of a network.
    RemoveNetwork { id: String },
    /// Creates a network namespace with these interfaces and keeps it until it is released. The zygote
    /// has received the namespace before the response is sent.
    #[serde(rename = "sandbox")]
    CreateNamespace(NamespaceRequest),
    /// Adds an interface to a network namespace.
    Connect {
        #[serde(rename = "sandbox")]
        namespace: u64,
        endpoint: Endpoint,
    },
    /// Removes an interface from a network namespace.
    Disconnect {
        #[serde(rename = "sandbox")]
        namespace: u64,
        interface: String,
    },
    /// Sets the default routes of a network namespace: through this interface to the gateway of its
    /// network.
    #[serde(rename = "route")]
    SetDefaultRoute {
        #[serde(rename = "sandbox")]
        namespace: u64,
        network: String,
        interface: String,
        ipv4: bool,
        ipv6: bool,
    },
    /// Replaces the names and resolvers of a network namespace.
    #[serde(rename = "names")]
    SetNames(Names),
    /// Listens on ports of the host for a network namespace: on all of them, or on none. Answered by
    /// [`Response::Published`]. The subject of a failure is the port that is not available.
    Publish(Publication),
    /// Changes the addresses that the published ports of a network namespace forward to. Without an address, the ports
    /// are closed.
    Retarget {
        #[serde(rename = "sandbox")]
        namespace: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ipv4: Option<Ipv4Addr>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ipv6: Option<Ipv6Addr>,
    },
    /// Releases network namespaces and stops listening on their ports.
    Release {
        #[serde(rename = "sandboxes")]
        namespaces: Vec<u64>,
    },
}

/// A bridge network. `id` is 64 lower-case hexadecimal characters; the bridge is named after the first
/// twelve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    pub id: String,
    pub ipv4: Subnet<Ipv4Addr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Subnet<Ipv6Addr>>,
    /// Whether containers on it reach only each other.
    pub internal: bool,
    pub mtu: u32,
    /// Whether the gateway's address forwards to the host's loopback address instead of an address of
    /// the host that other machines reach too.
    pub host_loopback: bool,
}

/// The gateway's address and the prefix length of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet<Address> {
    pub gateway: Address,
    pub prefix: u8,
}

/// A network namespace to create.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceRequest {
    /// Number chosen by the daemon, never used twice.
    #[serde(rename = "sandbox")]
    pub namespace: u64,
    pub endpoints: Vec<Endpoint>,
}

/// An interface in a network namespace. The helper knows its network already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    pub network: String,
    /// Number of the interface, unique in its namespace.
    pub number: u32,
    /// Name in the namespace: `eth0`, `eth1`, …
    pub interface: String,
    pub mac: String,
    pub ipv4: Ipv4Addr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Ipv6Addr>,
    /// Additional addresses that are valid on this network only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub link_local: Vec<IpAddr>,
    /// Whether this interface has the IPv4 default route.
    pub ipv4_route: bool,
    /// Whether this interface has the IPv6 default route.
    pub ipv6_route: bool,
}

/// Names and resolvers of a network namespace. Without this message, the namespace has no names and uses the host's
/// resolvers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Names {
    #[serde(rename = "sandbox")]
    pub namespace: u64,
    /// Networks with name resolution. On each, the namespace resolves the others' names, and they
    /// resolve its names.
    #[serde(rename = "places")]
    pub networks: Vec<NetworkNames>,
    /// Aliases for names of others, valid in this namespace only.
    pub links: Vec<Link>,
    /// Resolvers for all other names; the host's resolvers when empty.
    pub servers: Vec<IpAddr>,
    /// Whether queries for other names are forwarded at all.
    pub outside: bool,
}

/// Names and addresses of a network namespace on one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkNames {
    pub network: String,
    /// Names in lower case. Reverse lookups of the addresses return the first.
    pub names: Vec<String>,
    pub ipv4: Ipv4Addr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Ipv6Addr>,
}

/// An alias for another container's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub alias: String,
    pub name: String,
}

/// The published ports of a network namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Publication {
    #[serde(rename = "sandbox")]
    pub namespace: u64,
    /// Address that connections are forwarded to; absent while the namespace has no network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4: Option<Ipv4Addr>,
    /// Address that IPv6 connections are forwarded to first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Ipv6Addr>,
    pub ports: Vec<PortRequest>,
}

/// A port to listen on: one number between `first` and `last`, the same on all addresses; any free
/// number when both are 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortRequest {
    pub protocol: Protocol,
    pub addresses: Vec<IpAddr>,
    pub first: u16,
    pub last: u16,
    pub container_port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    Tcp,
    Udp,
}

/// A port that is listened on. Addresses of a family that the host lacks are left out if the request
/// named addresses of another family too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedPort {
    pub addresses: Vec<IpAddr>,
    pub port: u16,
}

/// The response to the request with this number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FromNet {
    #[serde(rename = "request")]
    pub number: u64,
    #[serde(flatten)]
    pub response: Response,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Response {
    Done,
    Failed(Failure),
    /// Answers [`Request::Publish`], in the order of its ports.
    Published {
        ports: Vec<PublishedPort>,
    },
    State {
        pid: u32,
        uplink: Uplink,
        /// Network namespaces that were created and not released.
        #[serde(rename = "sandboxes")]
        namespaces: Vec<u64>,
        /// Network namespaces with published ports.
        published: Vec<u64>,
    },
}

/// The kind of connection from containers to addresses beyond their networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Uplink {
    /// The helper connects on the host before it accepts the container's connection, so an unreachable
    /// address is refused as on the host.
    ConnectFirst,
    /// The helper accepts the container's connection first and closes it if the host cannot connect.
    /// `reason` names the missing kernel feature.
    AcceptFirst { reason: String },
    /// Containers reach nothing beyond their networks; `reason` says why.
    None { reason: String },
}
