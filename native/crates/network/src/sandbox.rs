//! Network namespaces for containers, with interfaces on bridges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::net::{Endpoint, Subnet};
use rustix::io::Errno;
use rustix::net::netdevice::name_to_index;

use crate::bridges::Bridge;
use crate::firewall;
use crate::inside::{open_own, own_number, set_kernel_parameter};
use crate::links::{self, Veth};
use crate::names::Listeners;
use crate::netlink::{Batch, Error, Netlink, Subject};
use crate::sockets;

/// An endpoint with what is known of its network.
#[derive(Debug, Clone)]
pub struct Plug {
    /// Of the interface on the bridge; never used twice.
    pub name: String,
    pub interface: String,
    pub mac: links::Mac,
    pub bridge: u32,
    pub mtu: u32,
    pub ipv4: (Ipv4Addr, Subnet<Ipv4Addr>),
    pub ipv6: Option<(Ipv6Addr, Subnet<Ipv6Addr>)>,
    pub link_local: Vec<IpAddr>,
    /// Whether there is a way beyond the network, for each version of the protocol.
    pub routes: (bool, bool),
}

impl Plug {
    /// Nothing when the hardware address is none.
    pub fn of(sandbox: u64, endpoint: &Endpoint, bridge: &Bridge) -> Option<Self> {
        let network = &bridge.network;
        let routed = !network.internal;
        Some(Self {
            name: outer_name(sandbox, endpoint.number),
            interface: endpoint.interface.clone(),
            mac: links::parse_mac(&endpoint.mac)?,
            bridge: bridge.index,
            mtu: network.mtu,
            ipv4: (endpoint.ipv4, network.ipv4),
            ipv6: endpoint.ipv6.zip(network.ipv6),
            link_local: endpoint.link_local.clone(),
            routes: (
                routed && endpoint.ipv4_route,
                routed && endpoint.ipv6_route && host_has_ipv6(),
            ),
        })
    }
}

/// Where default routes are to lead.
#[derive(Debug, Clone)]
pub struct Route {
    pub interface: String,
    pub gateways: Vec<IpAddr>,
}

impl Route {
    pub fn of(interface: String, bridge: &Bridge, ipv4: bool, ipv6: bool) -> Self {
        let network = &bridge.network;
        let ipv4 = ipv4.then_some(network.ipv4.gateway.into());
        let ipv6 = network.ipv6.filter(|_| ipv6 && host_has_ipv6());
        let ipv6 = ipv6.map(|subnet| subnet.gateway.into());
        let open = !network.internal;
        Self {
            interface,
            gateways: ipv4.into_iter().chain(ipv6).filter(|_| open).collect(),
        }
    }
}

/// Of the interface on the bridge: no longer than the kernel takes, and no other's.
fn outer_name(sandbox: u64, number: u32) -> String {
    let digits = |mut rest: u64| {
        let mut text = String::new();
        while rest > 0 {
            let digit = (rest % 36) as u32;
            text.extend(char::from_digit(digit, 36));
            rest /= 36;
        }
        text
    };
    format!("v{}{}", digits(sandbox), digits(number.into()))
}

/// A namespace that nobody has been in.
#[derive(Debug)]
pub struct Sandbox {
    pub namespace: OwnedFd,
    /// The inode of `net/dev` in /proc of whoever is in it.
    pub number: u64,
    pub names: Listeners,
    /// What told the firewall, of no more use: to close it takes 10 ms, in which the kernel waits for all processors.
    pub spent: Option<OwnedFd>,
}

/// A namespace that is on no network yet: what all of them have in common is made before one is asked for.
#[derive(Debug)]
pub struct Blank {
    sandbox: Sandbox,
    inside: Inside,
}

/// What changes a namespace's interfaces.
#[derive(Debug)]
struct Inside {
    netlink: Netlink,
    /// Any socket of the namespace.
    probe: OwnedFd,
}

impl Inside {
    /// Of the namespace that the calling thread is in.
    fn open() -> Result<Self, Error> {
        Ok(Self {
            netlink: Netlink::open(Subject::Links).map_err(failed("netlink"))?,
            probe: sockets::udp(Ipv4Addr::LOCALHOST.into()).map_err(failed("socket"))?,
        })
    }

    fn index_of(&self, interface: &str) -> Result<u32, Error> {
        name_to_index(&self.probe, interface).map_err(failed("interface"))
    }
}

fn failed(what: &'static str) -> impl Fn(Errno) -> Error {
    move |errno| Error { what, errno }
}

impl Blank {
    /// The calling thread is left in it.
    pub fn make(ping_group: u32) -> Result<Self, Error> {
        sys::network_namespace::enter_new().map_err(failed("namespace"))?;
        let namespace = open_own().map_err(failed("namespace"))?;
        let number = own_number().map_err(failed("namespace"))?;
        for (name, value) in [
            ("ipv4/ip_unprivileged_port_start", "0"),
            ("ipv4/ping_group_range", &format!("0 {ping_group}")),
            ("ipv6/conf/all/accept_ra", "0"),
            ("ipv6/conf/default/accept_ra", "0"),
            ("ipv6/conf/default/accept_dad", "0"),
            // Interfaces get it with their address.
            ("ipv6/conf/default/disable_ipv6", "1"),
        ] {
            set_kernel_parameter(name, value);
        }
        let inside = Inside::open()?;
        let mut batch = Batch::default();
        links::bring_up(&mut batch, links::LOOPBACK);
        inside.netlink.perform(&batch)?;
        let (names, spent) = listen().map_err(failed("names"))?;
        Ok(Self {
            sandbox: Sandbox {
                namespace,
                number,
                names,
                spent,
            },
            inside,
        })
    }

    /// What is of no use any more: see [`Sandbox`].
    pub fn take_spent(&mut self) -> Option<OwnedFd> {
        self.sandbox.spent.take()
    }

    /// Gives it these interfaces, up and with their addresses. The calling thread is left in it. `bridges` is of the
    /// namespace that the bridges are in.
    pub fn furnish(self, bridges: &Netlink, plugs: &[Plug]) -> Result<Sandbox, Error> {
        let Self { sandbox, inside } = self;
        let namespace = sandbox.namespace.as_fd();
        // Interfaces have their kernel parameters in the namespace of who sets them.
        sys::network_namespace::enter(namespace).map_err(failed("namespace"))?;
        for plug in plugs {
            connect(bridges, &inside, namespace, plug)?;
        }
        Ok(sandbox)
    }
}

/// Takes over a namespace from a helper that has died: where the container's questions arrive went with it.
/// The calling thread is left in it.
pub fn listen_again(namespace: OwnedFd) -> Result<Sandbox, Error> {
    sys::network_namespace::enter(namespace.as_fd()).map_err(failed("namespace"))?;
    let number = own_number().map_err(failed("namespace"))?;
    let (names, spent) = listen().map_err(failed("names"))?;
    Ok(Sandbox {
        namespace,
        number,
        names,
        spent,
    })
}

/// Adds one interface to a namespace that is there. The calling thread is left in it.
pub fn add(bridges: &Netlink, namespace: BorrowedFd<'_>, plug: &Plug) -> Result<(), Error> {
    connect(bridges, &enter(namespace)?, namespace, plug)
}

/// Takes an interface out of a namespace. The calling thread is left in it.
pub fn take(namespace: BorrowedFd<'_>, interface: &str) -> Result<(), Error> {
    let inside = enter(namespace)?;
    let mut batch = Batch::default();
    links::remove(&mut batch, interface);
    match inside.netlink.perform(&batch) {
        // It has gone with its network.
        Err(error) if error.errno == Errno::NODEV => Ok(()),
        result => result,
    }
}

/// Has the default routes of a namespace lead elsewhere. The calling thread is left in it.
pub fn route(namespace: BorrowedFd<'_>, route: &Route) -> Result<(), Error> {
    let inside = enter(namespace)?;
    let index = inside.index_of(&route.interface)?;
    let mut batch = Batch::default();
    for gateway in &route.gateways {
        links::default_route(&mut batch, index, *gateway);
    }
    inside.netlink.perform(&batch)
}

fn enter(namespace: BorrowedFd<'_>) -> Result<Inside, Error> {
    sys::network_namespace::enter(namespace).map_err(failed("namespace"))?;
    Inside::open()
}

/// Adds one interface to a namespace, which the calling thread is in.
fn connect(
    bridges: &Netlink,
    inside: &Inside,
    namespace: BorrowedFd<'_>,
    plug: &Plug,
) -> Result<(), Error> {
    let mut batch = Batch::default();
    let pair = Veth {
        name: &plug.name,
        bridge: plug.bridge,
        mtu: plug.mtu,
        peer: &plug.interface,
        peer_mac: plug.mac,
        namespace,
    };
    links::veth(&mut batch, &pair);
    links::enlarge_named(&mut batch, &plug.name);
    // As large as those on it allow: a bridge without any keeps to 64 KiB.
    links::enlarge(&mut batch, plug.bridge);
    bridges.perform(&batch)?;
    let index = inside.index_of(&plug.interface)?;
    if plug.ipv6.is_some() {
        set_kernel_parameter(&format!("ipv6/conf/{}/disable_ipv6", plug.interface), "0");
    }
    let mut batch = Batch::default();
    links::enlarge(&mut batch, index);
    let (address, subnet) = plug.ipv4;
    links::address(&mut batch, index, address.into(), subnet.prefix);
    if let Some((address, subnet)) = plug.ipv6 {
        links::address(&mut batch, index, address.into(), subnet.prefix);
    }
    for address in &plug.link_local {
        let prefix = if address.is_ipv4() { 16 } else { 64 };
        links::address(&mut batch, index, *address, prefix);
    }
    links::bring_up(&mut batch, index);
    let (ipv4, ipv6) = plug.routes;
    if ipv4 {
        links::default_route(&mut batch, index, subnet.gateway.into());
    }
    if let Some((_, subnet)) = plug.ipv6.filter(|_| ipv6) {
        links::default_route(&mut batch, index, subnet.gateway.into());
    }
    inside.netlink.perform(&batch)?;
    let mut batch = Batch::default();
    links::settle(&mut batch, &plug.name);
    bridges.perform(&batch)
}

/// Where the namespace's questions about names go: to 127.0.0.11, port 53, without taking that port from
/// the container where the kernel can redirect.
fn listen() -> Result<(Listeners, Option<OwnedFd>), Errno> {
    const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
    let place = |port| SocketAddr::from((RESOLVER, port));
    let udp = sockets::bind_udp(place(0))?;
    let tcp = sockets::listen_tcp(place(0))?;
    let port = |socket: &OwnedFd| sockets::local_address(socket).map(|place| place.port());
    let (udp_port, tcp_port) = (port(&udp)?, port(&tcp)?);
    let firewall = Netlink::open(Subject::Packets).ok();
    let redirected = firewall
        .as_ref()
        .is_some_and(|firewall| firewall::redirect_names(firewall, udp_port, tcp_port).is_ok());
    let listeners = match redirected {
        true => Listeners { udp, tcp },
        false => Listeners {
            udp: sockets::bind_udp(place(53))?,
            tcp: sockets::listen_tcp(place(53))?,
        },
    };
    Ok((listeners, firewall.map(Netlink::into_socket)))
}

/// A container that had a way of this kind where the host has none would try it first, and wait.
fn host_has_ipv6() -> bool {
    const FAR: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    let socket = sockets::udp(FAR.into());
    socket.is_ok_and(|socket| rustix::net::connect(&socket, &SocketAddr::from((FAR, 53))).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_names_differ_and_are_short_enough() {
        let sandbox = 1_764_109_220_000_001;
        let names = [
            outer_name(sandbox, 0),
            outer_name(sandbox, 1),
            outer_name(sandbox + 1, 0),
            outer_name(sandbox + 1000, 46_655),
        ];
        for (index, name) in names.iter().enumerate() {
            assert!(name.len() <= 15, "{name}");
            assert!(!names[..index].contains(name), "{name}");
        }
    }
}
