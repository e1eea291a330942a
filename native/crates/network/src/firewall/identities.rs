//! Rules for the ports of all bridges: a frame passes only with the hardware address and an address of the port's
//! container. No container can take another's traffic or send in another's name.

use std::net::{IpAddr, Ipv6Addr};

use rustix::io::Errno;

use super::expressions::Field;
use super::nftables::{ETHERNET_ARP, ETHERNET_IPV4, ETHERNET_IPV6, Verdict};
use super::rules::{Chain, Family, Rules};
use crate::netlink::{Error, Netlink, Subject};
use crate::rtnetlink::Mac;

const TABLE: &str = "tbox-identities";
const IPV4_SET: &str = "ipv4";
const IPV6_SET: &str = "ipv6";

/// Length of an interface name in a key.
const NAME: usize = 16;
/// Length of a hardware address in a key: registers have four bytes.
const HARDWARE: usize = 8;

/// ICMPv6 messages of routers, which no container is, and announcements of addresses.
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

/// The port of a bridge, and the addresses of its container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of the port's interface.
    pub port: String,
    pub mac: Mac,
    pub addresses: Vec<IpAddr>,
}

/// The rules in the bridges' namespace. On a kernel without nftables for bridges there are none, and packets pass from
/// every address of a bridge's subnet.
#[derive(Debug)]
pub struct Identities(Option<Netlink>);

impl Identities {
    /// Creates the rules in the calling thread's network namespace. With `adopted`, the rules of an earlier helper
    /// remain, because new rules would not know the running containers.
    pub fn open(adopted: bool) -> Self {
        let netlink = Netlink::open(Subject::Netfilter).ok();
        let usable = |netlink: &Netlink| match adopted {
            true => is_present(netlink),
            false => create(netlink).is_ok(),
        };
        Self(netlink.filter(usable))
    }

    /// Allows frames with this identity.
    pub fn add(&self, identity: &Identity) -> Result<(), Error> {
        self.change(identity, Rules::add_keys)
    }

    pub fn remove(&self, identity: &Identity) -> Result<(), Error> {
        match self.change(identity, Rules::remove_keys) {
            Err(error) if error.errno == Errno::NOENT => Ok(()),
            result => result,
        }
    }

    fn change(
        &self,
        identity: &Identity,
        change: fn(&mut Rules, &str, &[Vec<u8>]),
    ) -> Result<(), Error> {
        let Some(netlink) = &self.0 else {
            return Ok(());
        };
        let mut rules = Rules::change(Family::Bridge, TABLE);
        let (ipv4, ipv6) = keys(identity);
        change(&mut rules, IPV4_SET, &ipv4);
        change(&mut rules, IPV6_SET, &ipv6);
        rules.perform(netlink)
    }
}

/// Tests for the rules of an earlier helper by adding nothing to them.
fn is_present(netlink: &Netlink) -> bool {
    let mut rules = Rules::change(Family::Bridge, TABLE);
    rules.add_keys(IPV4_SET, &[key("", [0; 6], &[0; 4])]);
    rules.perform(netlink).is_ok()
}

fn create(netlink: &Netlink) -> Result<(), Error> {
    let mut rules = Rules::begin(Family::Bridge, TABLE);
    let length = |address: usize| (NAME + HARDWARE + address) as u32;
    rules.set(IPV4_SET, length(4), 1);
    rules.set(IPV6_SET, length(16), 2);
    rules.chain(Chain::Frames);
    rules.rule(Chain::Frames, |rule| {
        rule.carries(ETHERNET_IPV4)
            .identity(Field::ETHERNET_SOURCE, Field::IPV4_SOURCE, IPV4_SET, true)
            .verdict(Verdict::Accept);
    });
    rules.rule(Chain::Frames, |rule| {
        rule.carries(ETHERNET_ARP)
            .is_arp_for_ipv4()
            .identity(Field::ETHERNET_SOURCE, Field::ARP_ADDRESS, IPV4_SET, true)
            .identity(Field::ARP_HARDWARE, Field::ARP_ADDRESS, IPV4_SET, true)
            .verdict(Verdict::Accept);
    });
    for message in [ROUTER_ADVERTISEMENT, REDIRECT] {
        rules.rule(Chain::Frames, |rule| {
            rule.carries(ETHERNET_IPV6)
                .is_icmpv6(message)
                .verdict(Verdict::Drop);
        });
    }
    rules.rule(Chain::Frames, |rule| {
        rule.carries(ETHERNET_IPV6)
            .is_icmpv6(NEIGHBOUR_ADVERTISEMENT)
            .identity(Field::ETHERNET_SOURCE, Field::ADVERTISED, IPV6_SET, false)
            .verdict(Verdict::Drop);
    });
    rules.rule(Chain::Frames, |rule| {
        rule.carries(ETHERNET_IPV6)
            .identity(Field::ETHERNET_SOURCE, Field::IPV6_SOURCE, IPV6_SET, true)
            .verdict(Verdict::Accept);
    });
    rules.perform(netlink)
}

/// Returns the keys of an identity in the two sets.
fn keys(identity: &Identity) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let Identity {
        port,
        mac,
        addresses,
    } = identity;
    let ipv4 = addresses.iter().filter_map(|address| match address {
        IpAddr::V4(address) => Some(key(port, *mac, &address.octets())),
        IpAddr::V6(_) => None,
    });
    let ipv6 = addresses.iter().filter_map(|address| match address {
        IpAddr::V6(address) => Some(key(port, *mac, &address.octets())),
        IpAddr::V4(_) => None,
    });
    (ipv4.collect(), ipv6.collect())
}

fn key(port: &str, mac: Mac, address: &[u8]) -> Vec<u8> {
    let mut key = port.as_bytes().to_vec();
    key.resize(NAME, 0);
    key.extend(mac);
    key.resize(NAME + HARDWARE, 0);
    key.extend(address);
    key
}

/// Returns the link-local address that the kernel derives from a hardware address (RFC 4291, appendix A).
pub fn link_local(mac: Mac) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac;
    let mut octets = [0; 16];
    octets[..2].copy_from_slice(&[0xfe, 0x80]);
    octets[8..].copy_from_slice(&[a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
    octets.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_padded_port_the_padded_hardware_address_and_the_address() {
        let identity = Identity {
            port: "v1".to_owned(),
            mac: [2, 0x42, 172, 17, 0, 2],
            addresses: vec![[172, 17, 0, 2].into(), Ipv6Addr::LOCALHOST.into()],
        };
        let (ipv4, ipv6) = keys(&identity);
        let mut start = b"v1".to_vec();
        start.extend([0; 14]);
        start.extend([2, 0x42, 172, 17, 0, 2, 0, 0]);
        assert_eq!(ipv4, [[start.clone(), vec![172, 17, 0, 2]].concat()]);
        let last = Ipv6Addr::LOCALHOST.octets().to_vec();
        assert_eq!(ipv6, [[start, last].concat()]);
    }

    #[test]
    fn the_link_local_address_contains_the_hardware_address() {
        let expected: Ipv6Addr = "fe80::42:acff:fe11:2".parse().unwrap();
        assert_eq!(link_local([2, 0x42, 172, 17, 0, 2]), expected);
    }
}
