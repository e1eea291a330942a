//! Network namespaces of containers, and their interfaces on the bridges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::net::{Endpoint, Subnet};
use rustix::io::Errno;
use rustix::net::netdevice::name_to_index;

use crate::bridges::Bridge;
use crate::current_namespace;
use crate::firewall;
use crate::firewall::identities::{Identities, Identity, link_local};
use crate::names::server::Listeners;
use crate::netlink::{Batch, Error, Netlink, Subject};
use crate::rtnetlink::{self, Veth};
use crate::sockets;

/// An interface of a container and its peer on a bridge.
#[derive(Debug, Clone)]
pub struct Interface {
    /// The name of the peer on the bridge; never used twice.
    pub peer: String,
    /// The name in the container.
    pub name: String,
    pub mac: rtnetlink::Mac,
    pub bridge: u32,
    pub mtu: u32,
    pub ipv4: (Ipv4Addr, Subnet<Ipv4Addr>),
    pub ipv6: Option<(Ipv6Addr, Subnet<Ipv6Addr>)>,
    pub link_local: Vec<IpAddr>,
    /// Whether the IPv4 and the IPv6 default routes use this interface.
    pub routes: (bool, bool),
}

impl Interface {
    /// Returns `None` if the hardware address is malformed.
    pub fn new(namespace: u64, endpoint: &Endpoint, bridge: &Bridge) -> Option<Self> {
        let network = &bridge.network;
        let routed = !network.internal;
        Some(Self {
            peer: peer_name(namespace, endpoint.number),
            name: endpoint.interface.clone(),
            mac: rtnetlink::parse_mac(&endpoint.mac)?,
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

    /// Returns the addresses that the container may send from through this interface.
    fn identity(&self) -> Identity {
        let ipv4 = IpAddr::V4(self.ipv4.0);
        let ipv6 = self.ipv6.map(|(address, _)| address);
        let ipv6 = ipv6.into_iter().chain(ipv6.map(|_| link_local(self.mac)));
        let addresses = [ipv4].into_iter().chain(ipv6.map(IpAddr::V6));
        Identity {
            port: self.peer.clone(),
            mac: self.mac,
            addresses: addresses.chain(self.link_local.clone()).collect(),
        }
    }
}

/// The bridges' namespace, as seen by the thread that adds interfaces.
#[derive(Debug)]
pub struct BridgePorts {
    netlink: Netlink,
    identities: Identities,
}

impl BridgePorts {
    /// Opens the network namespace of the calling thread. With `adopted`, the identities of an earlier helper remain.
    pub fn open(adopted: bool) -> Result<Self, Errno> {
        Ok(Self {
            netlink: Netlink::open(Subject::Route)?,
            identities: Identities::open(adopted),
        })
    }

    /// Forgets the addresses of an interface that was removed.
    pub fn forget(&self, interface: &Interface) -> Result<(), Error> {
        self.identities.remove(&interface.identity())
    }
}

/// The default routes of a container.
#[derive(Debug, Clone)]
pub struct DefaultRoute {
    pub interface: String,
    pub gateways: Vec<IpAddr>,
}

impl DefaultRoute {
    /// Routes the chosen protocol versions to a network's gateway. An internal network has none.
    pub fn new(interface: String, bridge: &Bridge, ipv4: bool, ipv6: bool) -> Self {
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

/// Returns a unique name for the peer on the bridge, within the kernel's 15 bytes.
fn peer_name(namespace: u64, number: u32) -> String {
    let digits = |mut rest: u64| {
        let mut text = String::new();
        while rest > 0 {
            let digit = (rest % 36) as u32;
            text.extend(char::from_digit(digit, 36));
            rest /= 36;
        }
        text
    };
    format!("v{}{}", digits(namespace), digits(number.into()))
}

/// A container's network namespace.
#[derive(Debug)]
pub struct NetNamespace {
    pub descriptor: OwnedFd,
    pub names: Listeners,
    /// The used connection to the firewall. Closing it takes 10 ms, during which the kernel waits for all processors.
    pub used_netlink: Option<OwnedFd>,
    /// A connection to the namespace's table of sockets, where the kernel has it.
    pub sockets: Option<OwnedFd>,
}

/// Opens the table of sockets of the calling thread's network namespace.
fn open_sockets() -> Option<OwnedFd> {
    Netlink::open(Subject::Sockets)
        .ok()
        .map(Netlink::into_socket)
}

/// A network namespace without interfaces, prepared before a container needs one.
#[derive(Debug)]
pub struct BlankNamespace {
    namespace: NetNamespace,
    configurator: Configurator,
}

/// Changes the interfaces of a namespace.
#[derive(Debug)]
struct Configurator {
    netlink: Netlink,
    /// A socket in the namespace, for requests by interface name.
    probe: OwnedFd,
}

impl Configurator {
    /// Opens the network namespace of the calling thread.
    fn open() -> Result<Self, Error> {
        Ok(Self {
            netlink: Netlink::open(Subject::Route).map_err(failed("netlink"))?,
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

impl BlankNamespace {
    /// Creates a namespace. The calling thread stays in it. `ping_group` is the last group that may send ICMP echo
    /// requests.
    pub fn create(ping_group: u32) -> Result<Self, Error> {
        sys::network_namespace::enter_new().map_err(failed("namespace"))?;
        let descriptor = current_namespace::open().map_err(failed("namespace"))?;
        current_namespace::set_parameters(&[
            ("ipv4/ip_unprivileged_port_start", "0"),
            ("ipv4/ping_group_range", &format!("0 {ping_group}")),
            ("ipv6/conf/all/accept_ra", "0"),
            ("ipv6/conf/default/accept_ra", "0"),
            ("ipv6/conf/default/accept_dad", "0"),
            // Reports about multicast groups follow within milliseconds, so that they are not mistaken for the packets of a container.
            ("ipv6/conf/default/mldv2_unsolicited_report_interval", "1"),
            // Enabled for each interface that gets an IPv6 address.
            ("ipv6/conf/default/disable_ipv6", "1"),
        ]);
        let configurator = Configurator::open()?;
        let mut batch = Batch::default();
        rtnetlink::bring_up(&mut batch, rtnetlink::LOOPBACK);
        configurator.netlink.perform(&batch)?;
        let (names, used_netlink) = listen().map_err(failed("names"))?;
        Ok(Self {
            namespace: NetNamespace {
                descriptor,
                names,
                used_netlink,
                sockets: open_sockets(),
            },
            configurator,
        })
    }

    /// Takes [`NetNamespace::used_netlink`], to be closed by another thread.
    pub fn take_used_netlink(&mut self) -> Option<OwnedFd> {
        self.namespace.used_netlink.take()
    }

    /// Adds interfaces and brings them up with their addresses. The calling thread stays in the namespace.
    pub fn configure(
        self,
        bridges: &BridgePorts,
        interfaces: &[Interface],
    ) -> Result<NetNamespace, Error> {
        let Self {
            namespace,
            configurator,
        } = self;
        let descriptor = namespace.descriptor.as_fd();
        // Kernel parameters of an interface are found in the namespace of the thread that writes them.
        sys::network_namespace::enter(descriptor).map_err(failed("namespace"))?;
        for interface in interfaces {
            connect(bridges, &configurator, descriptor, interface)?;
        }
        Ok(namespace)
    }
}

/// Takes over the namespace of a helper that has died: opens its name server's listeners again. The calling thread
/// stays in the namespace.
pub fn adopt(descriptor: OwnedFd) -> Result<NetNamespace, Error> {
    sys::network_namespace::enter(descriptor.as_fd()).map_err(failed("namespace"))?;
    let (names, used_netlink) = listen().map_err(failed("names"))?;
    Ok(NetNamespace {
        descriptor,
        names,
        used_netlink,
        sockets: open_sockets(),
    })
}

/// Adds an interface to a namespace. The calling thread stays in the namespace.
pub fn add_interface(
    bridges: &BridgePorts,
    namespace: BorrowedFd<'_>,
    interface: &Interface,
) -> Result<(), Error> {
    connect(bridges, &enter(namespace)?, namespace, interface)
}

/// Removes an interface from a namespace. The calling thread stays in the namespace.
pub fn remove_interface(namespace: BorrowedFd<'_>, interface: &str) -> Result<(), Error> {
    let configurator = enter(namespace)?;
    let mut batch = Batch::default();
    rtnetlink::remove_link(&mut batch, interface);
    match configurator.netlink.perform(&batch) {
        // The interface was removed together with its bridge.
        Err(error) if error.errno == Errno::NODEV => Ok(()),
        result => result,
    }
}

/// Moves the default routes of a namespace. The calling thread stays in the namespace.
pub fn set_default_route(namespace: BorrowedFd<'_>, route: &DefaultRoute) -> Result<(), Error> {
    let configurator = enter(namespace)?;
    let index = configurator.index_of(&route.interface)?;
    let mut batch = Batch::default();
    for gateway in &route.gateways {
        rtnetlink::set_default_route(&mut batch, index, *gateway);
    }
    configurator.netlink.perform(&batch)
}

fn enter(namespace: BorrowedFd<'_>) -> Result<Configurator, Error> {
    sys::network_namespace::enter(namespace).map_err(failed("namespace"))?;
    Configurator::open()
}

/// Adds an interface to a namespace that the calling thread is in.
fn connect(
    bridges: &BridgePorts,
    configurator: &Configurator,
    namespace: BorrowedFd<'_>,
    interface: &Interface,
) -> Result<(), Error> {
    bridges.identities.add(&interface.identity())?;
    let bridges = &bridges.netlink;
    let mut batch = Batch::default();
    let pair = Veth {
        name: &interface.peer,
        bridge: interface.bridge,
        mtu: interface.mtu,
        peer: &interface.name,
        peer_mac: interface.mac,
        namespace,
    };
    rtnetlink::add_veth(&mut batch, &pair);
    rtnetlink::enlarge_segments_of(&mut batch, &interface.peer);
    // A bridge takes the smallest limit of its interfaces, and 64 KiB while it has none.
    rtnetlink::enlarge_segments(&mut batch, interface.bridge);
    bridges.perform(&batch)?;
    let index = configurator.index_of(&interface.name)?;
    if interface.ipv6.is_some() {
        let parameter = format!("ipv6/conf/{}/disable_ipv6", interface.name);
        current_namespace::set_parameters(&[(&parameter, "0")]);
    }
    let mut batch = Batch::default();
    rtnetlink::enlarge_segments(&mut batch, index);
    let (address, subnet) = interface.ipv4;
    rtnetlink::add_address(&mut batch, index, address.into(), subnet.prefix);
    if let Some((address, subnet)) = interface.ipv6 {
        rtnetlink::add_address(&mut batch, index, address.into(), subnet.prefix);
    }
    for address in &interface.link_local {
        let prefix = if address.is_ipv4() { 16 } else { 64 };
        rtnetlink::add_address(&mut batch, index, *address, prefix);
    }
    rtnetlink::bring_up(&mut batch, index);
    let (ipv4, ipv6) = interface.routes;
    if ipv4 {
        rtnetlink::set_default_route(&mut batch, index, subnet.gateway.into());
    }
    if let Some((_, subnet)) = interface.ipv6.filter(|_| ipv6) {
        rtnetlink::set_default_route(&mut batch, index, subnet.gateway.into());
    }
    configurator.netlink.perform(&batch)?;
    let mut batch = Batch::default();
    rtnetlink::flush_pending(&mut batch, &interface.peer);
    bridges.perform(&batch)
}

/// Opens the name server's listeners at 127.0.0.11, port 53. Where the kernel can redirect packets, that port stays
/// free for the container. Also returns the used connection to the firewall.
fn listen() -> Result<(Listeners, Option<OwnedFd>), Errno> {
    const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
    const PORT: u16 = 53;
    let address = |port| SocketAddr::from((RESOLVER, port));
    let udp = sockets::bind_udp(address(0))?;
    let tcp = sockets::listen_tcp(address(0))?;
    let port = |socket: &OwnedFd| sockets::local_address(socket).map(|address| address.port());
    let (udp_port, tcp_port) = (port(&udp)?, port(&tcp)?);
    let firewall = Netlink::open(Subject::Netfilter).ok();
    let redirected = firewall
        .as_ref()
        .is_some_and(|firewall| firewall::redirect_names(firewall, udp_port, tcp_port).is_ok());
    let listeners = match redirected {
        true => Listeners { udp, tcp },
        false => Listeners {
            udp: sockets::bind_udp(address(PORT))?,
            tcp: sockets::listen_tcp(address(PORT))?,
        },
    };
    Ok((listeners, firewall.map(Netlink::into_socket)))
}

/// Returns whether the host has an IPv6 route. Without one, a container with an IPv6 default route would try IPv6 first
/// and wait forever.
fn host_has_ipv6() -> bool {
    const DOCUMENTATION: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    let socket = sockets::udp(DOCUMENTATION.into());
    socket.is_ok_and(|socket| {
        rustix::net::connect(&socket, &SocketAddr::from((DOCUMENTATION, 53))).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_peers_are_unique_and_at_most_15_bytes_long() {
        let namespace = 1_764_109_220_000_001;
        let names = [
            peer_name(namespace, 0),
            peer_name(namespace, 1),
            peer_name(namespace + 1, 0),
            peer_name(namespace + 1000, 46_655),
        ];
        for (index, name) in names.iter().enumerate() {
            assert!(name.len() <= 15, "{name}");
            assert!(!names[..index].contains(name), "{name}");
        }
    }
}
