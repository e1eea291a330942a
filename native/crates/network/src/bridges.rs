//! The networks there are, and what may be reached from them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use protocol::net::{Network, Subnet};
use rustix::io::Errno;

use crate::firewall::{INTERNAL_BRIDGE, OPEN_BRIDGE};
use crate::links;
use crate::netlink::{Batch, Error, Netlink};
use crate::sockets;

#[derive(Debug)]
pub struct Bridge {
    pub network: Network,
    pub index: u32,
}

#[derive(Debug, Default)]
pub struct Bridges(BTreeMap<String, Bridge>);

impl Bridges {
    /// Makes the bridge of a network, unless it is there from an earlier time. `socket` is one of the
    /// namespace the bridges are in.
    pub fn ensure(
        &mut self,
        netlink: &Netlink,
        socket: impl rustix::fd::AsFd,
        network: Network,
    ) -> Result<(), Error> {
        let name = name(&network);
        let failed = |what| move |errno| Error { what, errno };
        let mut batch = Batch::default();
        links::bridge(&mut batch, &name, network.mtu, hardware_address(&network));
        match netlink.perform(&batch) {
            Ok(()) => {}
            Err(Error {
                errno: Errno::EXIST,
                ..
            }) => {
                let index = rustix::net::netdevice::name_to_index(&socket, &name)
                    .map_err(failed("bridge"))?;
                self.0.insert(network.id.clone(), Bridge { network, index });
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        let index =
            rustix::net::netdevice::name_to_index(&socket, &name).map_err(failed("bridge"))?;
        let mut batch = Batch::default();
        // An internal network has no gateway: there is nothing beyond it, and nothing of ours within.
        if !network.internal {
            let Subnet { gateway, prefix } = network.ipv4;
            links::address(&mut batch, index, gateway.into(), prefix);
            if let Some(Subnet { gateway, prefix }) = network.ipv6 {
                links::address(&mut batch, index, gateway.into(), prefix);
            }
        }
        netlink.perform(&batch)?;
        self.0.insert(network.id.clone(), Bridge { network, index });
        Ok(())
    }

    pub fn remove(&mut self, netlink: &Netlink, id: &str) -> Result<(), Error> {
        let Some(bridge) = self.0.remove(id) else {
            return Ok(());
        };
        let mut batch = Batch::default();
        links::remove(&mut batch, &name(&bridge.network));
        netlink.perform(&batch)
    }

    pub fn get(&self, id: &str) -> Option<&Bridge> {
        self.0.get(id)
    }

    /// Whether an address is one of these networks'.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0
            .values()
            .any(|bridge| contains(&bridge.network, address))
    }

    /// Where the host is to connect to for a container with this address; nothing when it is not to.
    pub fn target(&self, from: IpAddr, to: SocketAddr) -> Option<SocketAddr> {
        let own = self
            .0
            .values()
            .find(|bridge| contains(&bridge.network, from))?;
        if is_gateway(&own.network, to.ip()) {
            let address = match own.network.host_loopback {
                true => loopback(to.ip()),
                false => host_address(to.ip())?,
            };
            return Some(SocketAddr::new(address, to.port()));
        }
        // Networks are isolated from one another, and the host from its guests' spelling of its loopback.
        (!self.contains(to.ip()) && is_beyond(to.ip())).then_some(to)
    }
}

/// The bridge's name: internal ones can be told by it.
fn name(network: &Network) -> String {
    let prefix = if network.internal {
        INTERNAL_BRIDGE
    } else {
        OPEN_BRIDGE
    };
    format!("{prefix}{}", network.id.get(..12).unwrap_or(&network.id))
}

/// Made of the gateway's address, and so the same whenever the bridge is made again.
fn hardware_address(network: &Network) -> links::Mac {
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

/// Whether an address is one machine's and never the host's loopback.
fn is_beyond(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_beyond4(address),
        IpAddr::V6(address) => {
            let embedded = address.to_ipv4_mapped().is_some() || address.to_ipv4().is_some();
            let local = address.is_loopback() || address.is_unspecified();
            !embedded && !local && !address.is_multicast() && !address.is_unicast_link_local()
        }
    }
}

fn is_beyond4(address: Ipv4Addr) -> bool {
    let unusable = address.is_loopback() || address.is_broadcast() || address.is_multicast();
    // The whole of 0.0.0.0/8 means this machine.
    !unusable && address.octets()[0] != 0
}

fn loopback(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// The address that the host shows to others; nothing while it shows none.
fn host_address(like: IpAddr) -> Option<IpAddr> {
    // Addresses for documentation: nobody is there, and nothing is sent by connecting a datagram socket.
    let far: IpAddr = match like {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    let socket = sockets::connect_udp(SocketAddr::new(far, 53)).ok()?;
    let own = sockets::local_address(&socket).ok()?.ip();
    is_beyond(own).then_some(own)
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
        Bridges(
            all.into_iter()
                .map(|network| (network.id.clone(), Bridge { network, index: 1 }))
                .collect(),
        )
    }

    fn target(from: &str, to: &str) -> Option<String> {
        let found = bridges().target(from.parse().unwrap(), to.parse().unwrap());
        found.map(|place| place.to_string())
    }

    #[test]
    fn the_world_is_reached_and_nothing_that_is_the_hosts_own() {
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
    fn the_gateway_is_the_host_and_its_loopback_only_where_that_was_asked_for() {
        assert_eq!(
            target("172.18.0.2", "172.18.0.1:80").unwrap(),
            "127.0.0.1:80"
        );
        let shown = target("172.17.0.2", "172.17.0.1:80");
        assert!(shown.is_none_or(|place| !place.starts_with("127.")));
    }

    #[test]
    fn a_whole_address_and_no_bits_at_all_are_prefixes_too() {
        let network = |prefix| Network {
            ipv4: Subnet {
                gateway: [10, 0, 0, 1].into(),
                prefix,
            },
            ..bridges().0.remove("a").unwrap().network
        };
        assert!(contains(&network(32), [10, 0, 0, 1].into()));
        assert!(!contains(&network(32), [10, 0, 0, 2].into()));
        assert!(contains(&network(0), [9, 9, 9, 9].into()));
    }
}
