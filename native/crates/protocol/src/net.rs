//! Daemon ↔ net helper, over a channel that the zygote passes on for
//! [`crate::zygote::ToZygote::Net`].
//!
//! Requests are numbered by the daemon and answered once each, not always in order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToNet {
    pub request: u64,
    #[serde(flatten)]
    pub order: Order,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Order {
    /// Tells what there is. Answered by [`Answer::State`].
    Survey,
    /// Makes the bridge of a network, or takes note of one that is there.
    Network(Network),
    /// Takes the bridge of a network away.
    RemoveNetwork { id: String },
    /// Makes a network namespace with these interfaces, kept until it is released. The zygote has it by the
    /// time of the answer.
    Sandbox(Sandbox),
    /// Adds an interface to a sandbox.
    Connect { sandbox: u64, endpoint: Endpoint },
    /// Takes one away.
    Disconnect { sandbox: u64, interface: String },
    /// Has the default routes of a sandbox lead through one of its interfaces, to the gateway of its network.
    Route {
        sandbox: u64,
        network: String,
        interface: String,
        ipv4: bool,
        ipv6: bool,
    },
    /// Says what a sandbox is called and whom it asks for names. What was said before is forgotten.
    Names(Names),
    /// Listens on ports of the host for a sandbox: on all of them, or on none. Answered by
    /// [`Answer::Published`]; a port that cannot be had is the subject of the failure.
    Publish(Publication),
    /// Has the published ports of a sandbox lead to other addresses of it.
    Retarget {
        sandbox: u64,
        ipv4: Ipv4Addr,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ipv6: Option<Ipv6Addr>,
    },
    /// Forgets sandboxes, with their ports.
    Release { sandboxes: Vec<u64> },
}

/// `id` is 64 lower-case hex characters; the bridge is named after the first twelve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    pub id: String,
    pub ipv4: Subnet<Ipv4Addr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Subnet<Ipv6Addr>>,
    /// Nothing but its own containers is reached from it.
    pub internal: bool,
    pub mtu: u32,
    /// Whether the gateway's address stands for the host's loopback address, and not for one that others
    /// reach too.
    pub host_loopback: bool,
}

/// The gateway's own address, and how many bits of it are the network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet<Address> {
    pub gateway: Address,
    pub prefix: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sandbox {
    /// Never used twice.
    pub sandbox: u64,
    pub endpoints: Vec<Endpoint>,
}

/// One interface in a sandbox. Its network is known to the helper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    pub network: String,
    /// No other interface of the sandbox has it.
    pub number: u32,
    /// `eth0`, …
    pub interface: String,
    pub mac: String,
    pub ipv4: Ipv4Addr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Ipv6Addr>,
    /// Addresses besides, which mean something on the network alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub link_local: Vec<IpAddr>,
    /// Whether the default route leads through this interface.
    pub ipv4_route: bool,
    pub ipv6_route: bool,
}

/// A sandbox for which nothing was said has no name, and asks whom the host asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Names {
    pub sandbox: u64,
    /// On the networks where names are told: it finds others there, and is found.
    pub places: Vec<Place>,
    /// Its own words for others' names.
    pub links: Vec<Link>,
    /// Whom it asks for all other names; whom the host asks when there are none.
    pub servers: Vec<IpAddr>,
    /// Whether it asks for other names at all.
    pub outside: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    pub network: String,
    /// In lower case. The first is the one that its addresses are told by.
    pub names: Vec<String>,
    pub ipv4: Ipv4Addr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Ipv6Addr>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub alias: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Publication {
    pub sandbox: u64,
    /// Where the sandbox is reached.
    pub ipv4: Ipv4Addr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<Ipv6Addr>,
    pub ports: Vec<PortRequest>,
}

/// The same number on all of the addresses, from `first` to `last`; any number when both are 0.
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

/// Without the addresses of a kind that the host does not have, where others were asked for too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedPort {
    pub addresses: Vec<IpAddr>,
    pub port: u16,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FromNet {
    pub request: u64,
    #[serde(flatten)]
    pub answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Answer {
    Done,
    Failed(Failure),
    /// In the order they were asked for.
    Published {
        ports: Vec<PublishedPort>,
    },
    State {
        pid: u32,
        uplink: Uplink,
        /// Those that were made and not released.
        sandboxes: Vec<u64>,
        /// Those of them for which ports are listened on.
        published: Vec<u64>,
    },
}

/// How containers reach what lies beyond their networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Uplink {
    /// A connection is made on the host before the container's own is taken: what the host cannot reach is
    /// refused as on the host.
    ConnectFirst,
    /// A connection is taken, and ends at once when the host cannot make it. `reason` says what is missing.
    AcceptFirst { reason: String },
    /// Nothing beyond the networks is reached; `reason` says why.
    None { reason: String },
}
