//! Network namespaces for containers, with interfaces on bridges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::net::{Endpoint, Subnet};
use rustix::io::Errno;
use rustix::net::netdevice::name_to_index;

use crate::bridges::Bridge;
use crate::firewall;
use crate::inside::{open_own, set_kernel_parameter};
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
    pub names: Listeners,
}

/// Makes a namespace with these interfaces, up and with their addresses. The calling thread is left in it.
/// `bridges` is of the namespace that the bridges are in.
pub fn make(bridges: &Netlink, plugs: &[Plug], ping_group: u32) -> Result<Sandbox, Error> {
    let failed = |what| move |errno: Errno| Error { what, errno };
    sys::network_namespace::enter_new().map_err(failed("namespace"))?;
    let namespace = open_own().map_err(failed("namespace"))?;
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
    let own = Netlink::open(Subject::Links).map_err(failed("netlink"))?;
    let mut batch = Batch::default();
    links::bring_up(&mut batch, links::LOOPBACK);
    own.perform(&batch)?;
    let probe = sockets::udp(Ipv4Addr::LOCALHOST.into()).map_err(failed("socket"))?;
    for plug in plugs {
        connect(bridges, &own, namespace.as_fd(), &probe, plug)?;
    }
    let names = listen().map_err(failed("names"))?;
    Ok(Sandbox { namespace, names })
}

/// Takes over a namespace from a helper that has died: where the container's questions arrive went with it.
/// The calling thread is left in it.
pub fn listen_again(namespace: OwnedFd) -> Result<Sandbox, Error> {
    let failed = |what| move |errno: Errno| Error { what, errno };
    sys::network_namespace::enter(namespace.as_fd()).map_err(failed("namespace"))?;
    let names = listen().map_err(failed("names"))?;
    Ok(Sandbox { namespace, names })
}

/// Adds one interface to a namespace that is there. The calling thread is left in it.
pub fn add(bridges: &Netlink, namespace: BorrowedFd<'_>, plug: &Plug) -> Result<(), Error> {
    let (own, probe) = enter(namespace)?;
    connect(bridges, &own, namespace, &probe, plug)
}

/// Takes an interface out of a namespace. The calling thread is left in it.
pub fn take(namespace: BorrowedFd<'_>, interface: &str) -> Result<(), Error> {
    let (own, _) = enter(namespace)?;
    let mut batch = Batch::default();
    links::remove(&mut batch, interface);
    match own.perform(&batch) {
        // It has gone with its network.
        Err(error) if error.errno == Errno::NODEV => Ok(()),
        result => result,
    }
}

/// Has the default routes of a namespace lead elsewhere. The calling thread is left in it.
pub fn route(namespace: BorrowedFd<'_>, route: &Route) -> Result<(), Error> {
    let (own, probe) = enter(namespace)?;
    let index = index_of(&probe, &route.interface)?;
    let mut batch = Batch::default();
    for gateway in &route.gateways {
        links::default_route(&mut batch, index, *gateway);
    }
    own.perform(&batch)
}

fn enter(namespace: BorrowedFd<'_>) -> Result<(Netlink, OwnedFd), Error> {
    let failed = |what| move |errno: Errno| Error { what, errno };
    sys::network_namespace::enter(namespace).map_err(failed("namespace"))?;
    let own = Netlink::open(Subject::Links).map_err(failed("netlink"))?;
    let probe = sockets::udp(Ipv4Addr::LOCALHOST.into()).map_err(failed("socket"))?;
    Ok((own, probe))
}

fn index_of(probe: &OwnedFd, interface: &str) -> Result<u32, Error> {
    name_to_index(probe, interface).map_err(|errno| Error {
        what: "interface",
        errno,
    })
}

/// Adds one interface to a namespace, whose own netlink this is and of which `probe` is a socket.
fn connect(
    bridges: &Netlink,
    own: &Netlink,
    namespace: BorrowedFd<'_>,
    probe: &OwnedFd,
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
    bridges.perform(&batch)?;
    let index = index_of(probe, &plug.interface)?;
    if plug.ipv6.is_some() {
        set_kernel_parameter(&format!("ipv6/conf/{}/disable_ipv6", plug.interface), "0");
    }
    let mut batch = Batch::default();
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
    own.perform(&batch)?;
    let mut batch = Batch::default();
    links::settle(&mut batch, &plug.name);
    bridges.perform(&batch)
}

/// Where the namespace's questions about names go: to 127.0.0.11, port 53, without taking that port from
/// the container where the kernel can redirect.
fn listen() -> Result<Listeners, Errno> {
    const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
    let place = |port| SocketAddr::from((RESOLVER, port));
    let udp = sockets::bind_udp(place(0))?;
    let tcp = sockets::listen_tcp(place(0))?;
    let port = |socket: &OwnedFd| sockets::local_address(socket).map(|place| place.port());
    let (udp_port, tcp_port) = (port(&udp)?, port(&tcp)?);
    let redirected = Netlink::open(Subject::Packets)
        .is_ok_and(|firewall| firewall::redirect_names(&firewall, udp_port, tcp_port).is_ok());
    if redirected {
        return Ok(Listeners { udp, tcp });
    }
    Ok(Listeners {
        udp: sockets::bind_udp(place(53))?,
        tcp: sockets::listen_tcp(place(53))?,
    })
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
