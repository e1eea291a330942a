//! The bridges of the networks, and the policy for the destinations that their containers may reach.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use protocol::net::{Network, Subnet};
use rustix::io::Errno;

use crate::container_addresses::ContainerAddresses;
use crate::firewall::{INTERNAL_BRIDGE, OPEN_BRIDGE};
use crate::flows::FlowOwner;
use crate::netlink::{Batch, Error, Netlink};
use crate::rtnetlink;
use crate::sockets;

#[derive(Debug)]
pub struct Bridge {
    pub network: Network,
    pub index: u32,
}

/// The bridges by network id, and the containers on them.
#[derive(Debug, Default)]
pub struct Bridges {
    networks: BTreeMap<String, Bridge>,
    pub containers: ContainerAddresses,
}

impl Bridges {
    /// Creates the bridge of a network unless it exists. `socket` is any socket in the bridges' namespace.
    pub fn ensure(
        &mut self,
        netlink: &Netlink,
        socket: impl rustix::fd::AsFd,
        network: Network,
    ) -> Result<(), Error> {
        let name = name(&network);
        let failed = |what| move |errno| Error { what, errno };
        let mut batch = Batch::default();
        let (mac, ipv6) = (hardware_address(&network), network.ipv6.is_some());
        rtnetlink::add_bridge(&mut batch, &name, network.mtu, mac, ipv6);
        match netlink.perform(&batch) {
            Ok(()) => {}
            Err(Error {
                errno: Errno::EXIST,
                ..
            }) => {
                let index = rustix::net::netdevice::name_to_index(&socket, &name)
                    .map_err(failed("bridge"))?;
                self.networks
                    .insert(network.id.clone(), Bridge { network, index });
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        let index =
            rustix::net::netdevice::name_to_index(&socket, &name).map_err(failed("bridge"))?;
        let mut batch = Batch::default();
        // An internal network has no gateway, because no packet leaves it.
        if !network.internal {
            let Subnet { gateway, prefix } = network.ipv4;
            rtnetlink::add_address(&mut batch, index, gateway.into(), prefix);
            if let Some(Subnet { gateway, prefix }) = network.ipv6 {
                rtnetlink::add_address(&mut batch, index, gateway.into(), prefix);
            }
        }
        netlink.perform(&batch)?;
        self.networks
            .insert(network.id.clone(), Bridge { network, index });
        Ok(())
    }

    pub fn remove(&mut self, netlink: &Netlink, id: &str) -> Result<(), Error> {
        let Some(bridge) = self.networks.remove(id) else {
            return Ok(());
        };
        let mut batch = Batch::default();
        rtnetlink::remove_link(&mut batch, &name(&bridge.network));
        netlink.perform(&batch)
    }

    /// Returns the bridge of a network.
    pub fn get(&self, id: &str) -> Option<&Bridge> {
        self.networks.get(id)
    }

    /// Returns whether an address belongs to one of the networks.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.networks
            .values()
            .any(|bridge| contains(&bridge.network, address))
    }

    /// Returns the container that a packet from this address counts against.
    pub fn owner(&self, from: IpAddr) -> FlowOwner {
        if let Some(namespace) = self.containers.namespace(from) {
            return FlowOwner::Namespace(namespace);
        }
        let mut bridges = self.networks.values();
        let bridge = bridges.find(|bridge| contains(&bridge.network, from));
        FlowOwner::UnknownOn(bridge.map_or(0, |bridge| bridge.index))
    }

    /// Returns the address that the host connects to on behalf of a container; `None` if the container must not reach
    /// `to`.
    pub fn target(&self, from: IpAddr, to: SocketAddr) -> Option<SocketAddr> {
        let own = self
            .networks
            .values()
            .find(|bridge| contains(&bridge.network, from))?;
        if is_gateway(&own.network, to.ip()) {
            let address = match own.network.host_loopback {
                true => loopback(to.ip()),
                false => host_address(to.ip())?,
            };
            return Some(SocketAddr::new(address, to.port()));
        }
        // Networks are isolated from one another, and no spelling of a loopback address leads to the host.
        (!self.contains(to.ip()) && is_external(to.ip())).then_some(to)
    }
}

/// Returns the interface name, whose prefix tells the firewall whether the network is internal.
fn name(network: &Network) -> String {
    let prefix = if network.internal {
        INTERNAL_BRIDGE
    } else {
        OPEN_BRIDGE
    };
    format!("{prefix}{}", network.id.get(..12).unwrap_or(&network.id))
}

/// Derives the hardware address from the gateway's address, so that a recreated bridge has the same one.
fn hardware_address(network: &Network) -> rtnetlink::Mac {
    let [a, b, c, d] = network.ipv4.gateway.octets();
    [0x02, 0x42, a, b, c, d]
}

fn contains(network: &Network, address: IpAddr) -> bool {
    match (address, network.ipv6) {
        (IpAddr::V4(address), _) => {
            let Subnet { gateway, prefix } = network.ipv4;
            let shift = 32 - u32::from(prefix.min(32));
            (gateway.to_bits() ^ address.to_bits())
                .checked_shr(shift)
                .unwrap_or(0)
                == 0
        }
        (IpAddr::V6(address), Some(Subnet { gateway, prefix })) => {
            let shift = 128 - u32::from(prefix.min(128));
            (gateway.to_bits() ^ address.to_bits())
                .checked_shr(shift)
                .unwrap_or(0)
                == 0
        }
        (IpAddr::V6(_), None) => false,
    }
}

fn is_gateway(network: &Network, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => network.ipv4.gateway == address,
        IpAddr::V6(address) => network.ipv6.is_some_and(|subnet| subnet.gateway == address),
    }
}

/// Returns whether an address names one machine and never the host's loopback interface.
fn is_external(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_external_ipv4(address),
        IpAddr::V6(address) => {
            let embedded = address.to_ipv4_mapped().is_some() || address.to_ipv4().is_some();
            let local = address.is_loopback() || address.is_unspecified();
            !embedded && !local && !address.is_multicast() && !address.is_unicast_link_local()
        }
    }
}

fn is_external_ipv4(address: Ipv4Addr) -> bool {
    let unusable = address.is_loopback() || address.is_broadcast() || address.is_multicast();
    // Linux treats all of 0.0.0.0/8 as this machine.
    !unusable && address.octets()[0] != 0
}

fn loopback(family: IpAddr) -> IpAddr {
    match family {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// Returns the host's own address towards other machines; `None` while it has none.
fn host_address(family: IpAddr) -> Option<IpAddr> {
    // Addresses reserved for documentation. Connecting a UDP socket sends no packet.
    let documentation: IpAddr = match family {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    let socket = sockets::connect_udp(SocketAddr::new(documentation, 53)).ok()?;
    let own = sockets::local_address(&socket).ok()?.ip();
    is_external(own).then_some(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bridges() -> Bridges {
        let network = |id: &str, gateway: [u8; 4], loopback| Network {
            id: id.to_owned(),
            ipv4: Subnet {
                gateway: gateway.into(),
                prefix: 16,
            },
            ipv6: Some(Subnet {
                gateway: "fd00:1::1".parse().unwrap(),
                prefix: 64,
            }),
            internal: false,
            mtu: 1500,
            host_loopback: loopback,
        };
        let all = [
            network("a", [172, 17, 0, 1], false),
            network("b", [172, 18, 0, 1], true),
        ];
        let bridge = |network: Network| (network.id.clone(), Bridge { network, index: 1 });
        Bridges {
            networks: all.into_iter().map(bridge).collect(),
            containers: ContainerAddresses::default(),
        }
    }

    fn target(from: &str, to: &str) -> Option<String> {
        let found = bridges().target(from.parse().unwrap(), to.parse().unwrap());
        found.map(|target| target.to_string())
    }

    #[test]
    fn a_container_reaches_other_machines_but_no_address_of_the_host_itself() {
        assert_eq!(
            target("172.17.0.2", "192.0.2.7:80").unwrap(),
            "192.0.2.7:80"
        );
        assert_eq!(
            target("fd00:1::2", "[2001:db8::7]:80").unwrap(),
            "[2001:db8::7]:80"
        );
        for to in [
            "127.0.0.1:80",
            "127.255.255.254:80",
            "0.0.0.0:80",
            "0.1.2.3:80",
            "255.255.255.255:80",
            "224.0.0.1:80",
            "172.18.0.2:80",
            "172.18.0.1:80",
            "[::1]:80",
            "[::]:80",
            "[::ffff:127.0.0.1]:80",
            "[::127.0.0.1]:80",
            "[fe80::1]:80",
            "[ff02::1]:80",
        ] {
            assert_eq!(target("172.17.0.2", to), None, "{to}");
        }
        assert_eq!(target("10.9.9.9", "192.0.2.7:80"), None);
    }

    #[test]
    fn the_gateway_leads_to_the_hosts_loopback_only_where_the_network_allows_it() {
        assert_eq!(
            target("172.18.0.2", "172.18.0.1:80").unwrap(),
            "127.0.0.1:80"
        );
        let shown = target("172.17.0.2", "172.17.0.1:80");
        assert!(shown.is_none_or(|target| !target.starts_with("127.")));
    }

    #[test]
    fn prefixes_of_no_bits_and_of_all_bits_are_valid() {
        let network = |prefix| Network {
            ipv4: Subnet {
                gateway: [10, 0, 0, 1].into(),
                prefix,
            },
            ..bridges().networks.remove("a").unwrap().network
        };
        assert!(contains(&network(32), [10, 0, 0, 1].into()));
        assert!(!contains(&network(32), [10, 0, 0, 2].into()));
        assert!(contains(&network(0), [9, 9, 9, 9].into()));
    }

    #[test]
    fn a_known_address_counts_against_its_container_and_others_against_their_network() {
        let mut bridges = bridges();
        let endpoint = protocol::net::Endpoint {
            network: "a".to_owned(),
            number: 0,
            interface: "eth0".to_owned(),
            mac: String::new(),
            ipv4: [172, 17, 0, 2].into(),
            ipv6: None,
            link_local: Vec::new(),
            ipv4_route: true,
            ipv6_route: true,
        };
        bridges.containers.add(7, &endpoint);
        let owner = |last| bridges.owner([172, 17, 0, last].into());
        assert_eq!(owner(2), FlowOwner::Namespace(7));
        assert_eq!(owner(3), FlowOwner::UnknownOn(1));
    }
}
