//! Requests about interfaces, addresses, routes and routing rules.

use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::netlink::{Batch, CREATE, REPLACE};

/// Message types and values of linux/rtnetlink.h and linux/if_addr.h.
mod rt {
    pub const NEWLINK: u16 = 16;
    pub const DELLINK: u16 = 17;
    pub const GETLINK: u16 = 18;
    pub const NEWADDR: u16 = 20;
    pub const NEWROUTE: u16 = 24;
    pub const NEWRULE: u16 = 32;

    pub const AF_INET: u8 = 2;
    pub const AF_INET6: u8 = 10;

    pub const IFF_UP: u32 = 1;

    pub const IFA_ADDRESS: u16 = 1;
    pub const IFA_LOCAL: u16 = 2;
    /// IFA_F_NODAD: an IPv6 address is usable without duplicate address detection.
    pub const IFA_F_NODAD: u8 = 2;

    pub const RTA_OIF: u16 = 4;
    pub const RTA_GATEWAY: u16 = 5;
    pub const RTPROT_STATIC: u8 = 4;
    pub const RT_SCOPE_UNIVERSE: u8 = 0;
    pub const RT_SCOPE_HOST: u8 = 254;
    pub const RT_TABLE_MAIN: u8 = 254;
    pub const RTN_UNICAST: u8 = 1;
    pub const RTN_LOCAL: u8 = 2;

    pub const FRA_PRIORITY: u16 = 6;
    pub const FRA_FWMARK: u16 = 10;
    pub const FR_ACT_TO_TBL: u8 = 1;
}

/// Attributes of linux/if_link.h and linux/veth.h.
mod ifla {
    pub const ADDRESS: u16 = 1;
    pub const IFNAME: u16 = 3;
    pub const MTU: u16 = 4;
    pub const MASTER: u16 = 10;
    pub const LINKINFO: u16 = 18;
    pub const AF_SPEC: u16 = 26;
    pub const NET_NS_FD: u16 = 28;
    pub const GSO_IPV4_MAX_SIZE: u16 = 63;
    pub const INFO_KIND: u16 = 1;
    pub const INFO_DATA: u16 = 2;
    pub const VETH_INFO_PEER: u16 = 1;
    pub const INET6_ADDR_GEN_MODE: u16 = 8;
    pub const ADDR_GEN_MODE_EUI64: u8 = 0;
}

/// The index of the loopback interface in every network namespace.
pub const LOOPBACK: u32 = 1;

/// The kernel's TSO_MAX_SIZE, in bytes.
const LARGEST_SEGMENT: u32 = 524_280;

/// The routing table for diverted packets, and the priority of the rule that leads to it.
const DIVERTED_TABLE: u8 = 100;
const DIVERTED_PRIORITY: u32 = 100;

/// A hardware address.
pub type Mac = [u8; 6];

/// Creates a bridge that is up. `ipv6` states whether it gets a link-local address even if new interfaces get none.
pub fn add_bridge(batch: &mut Batch, name: &str, mtu: u32, mac: Mac, ipv6: bool) {
    batch
        .message("bridge", rt::NEWLINK, CREATE, &link_header(0, 0))
        .text(ifla::IFNAME, name)
        .u32(ifla::MTU, mtu)
        .bytes(ifla::ADDRESS, &mac)
        .nested(ifla::LINKINFO, |info| {
            info.text(ifla::INFO_KIND, "bridge");
        });
    if ipv6 {
        // Before the bridge is up: the kernel creates the address then.
        batch
            .attempt(rt::NEWLINK, &link_header(0, 0))
            .text(ifla::IFNAME, name)
            .nested(ifla::AF_SPEC, |families| {
                families.nested(rt::AF_INET6.into(), |family| {
                    family.bytes(ifla::INET6_ADDR_GEN_MODE, &[ifla::ADDR_GEN_MODE_EUI64]);
                });
            });
    }
    batch
        .message("bridge", rt::NEWLINK, 0, &link_header(0, rt::IFF_UP))
        .text(ifla::IFNAME, name);
}

/// A pair of interfaces: `name` in this namespace, up and on the bridge, and `peer` in another namespace.
pub struct Veth<'a> {
    pub name: &'a str,
    pub bridge: u32,
    pub mtu: u32,
    pub peer: &'a str,
    pub peer_mac: Mac,
    pub namespace: BorrowedFd<'a>,
}

pub fn add_veth(batch: &mut Batch, pair: &Veth<'_>) {
    batch
        .message("veth", rt::NEWLINK, CREATE, &link_header(0, rt::IFF_UP))
        .text(ifla::IFNAME, pair.name)
        .u32(ifla::MTU, pair.mtu)
        .u32(ifla::MASTER, pair.bridge)
        .nested(ifla::LINKINFO, |info| {
            info.text(ifla::INFO_KIND, "veth")
                .nested(ifla::INFO_DATA, |data| {
                    data.nested(ifla::VETH_INFO_PEER, |peer| {
                        let namespace = pair.namespace.as_raw_fd().cast_unsigned();
                        // The kernel refuses a peer that is up, because the other end does not exist yet.
                        peer.raw(&link_header(0, 0))
                            .text(ifla::IFNAME, pair.peer)
                            .u32(ifla::MTU, pair.mtu)
                            .bytes(ifla::ADDRESS, &pair.peer_mac)
                            .u32(ifla::NET_NS_FD, namespace);
                    });
                });
        });
}

/// Lets TCP over IPv4 pass segments of up to half a MiB: bridges, packet filters and receivers pay per segment, not per
/// byte. Kernels before 6.3 ignore the setting and use 64 KiB.
pub fn enlarge_segments(batch: &mut Batch, index: u32) -> &mut Batch {
    batch
        .attempt(rt::NEWLINK, &link_header(index, 0))
        .u32(ifla::GSO_IPV4_MAX_SIZE, LARGEST_SEGMENT)
}

/// Does the same as [`enlarge_segments`] for an interface with this name.
pub fn enlarge_segments_of(batch: &mut Batch, name: &str) {
    enlarge_segments(batch, 0).text(ifla::IFNAME, name);
}

pub fn bring_up(batch: &mut Batch, index: u32) {
    batch.message("up", rt::NEWLINK, 0, &link_header(index, rt::IFF_UP));
}

pub fn remove_link(batch: &mut Batch, name: &str) {
    batch
        .message("remove", rt::DELLINK, 0, &link_header(0, 0))
        .text(ifla::IFNAME, name);
}

/// Queries an interface, which makes the kernel finish its pending work on the interface. Without the query, the first
/// packet may be lost and is repeated only after a second.
pub fn flush_pending(batch: &mut Batch, name: &str) {
    batch
        .message("settle", rt::GETLINK, 0, &link_header(0, 0))
        .text(ifla::IFNAME, name);
}

pub fn add_address(batch: &mut Batch, index: u32, address: IpAddr, prefix: u8) {
    let (family, bytes) = family_and_bytes(address);
    let flags = match address {
        IpAddr::V4(_) => 0,
        IpAddr::V6(_) => rt::IFA_F_NODAD,
    };
    // struct ifaddrmsg: family, prefix length, flags, scope, index.
    let mut header = vec![family, prefix, flags, 0];
    header.extend(index.to_ne_bytes());
    batch
        .message("address", rt::NEWADDR, CREATE, &header)
        .bytes(rt::IFA_LOCAL, &bytes)
        .bytes(rt::IFA_ADDRESS, &bytes);
}

/// Sets the default route of the gateway's address family, in place of an earlier one.
pub fn set_default_route(batch: &mut Batch, index: u32, gateway: IpAddr) {
    let (family, bytes) = family_and_bytes(gateway);
    let header = route_header(
        family,
        rt::RT_TABLE_MAIN,
        rt::RT_SCOPE_UNIVERSE,
        rt::RTN_UNICAST,
    );
    batch
        .message("route", rt::NEWROUTE, REPLACE, &header)
        .bytes(rt::RTA_GATEWAY, &bytes)
        .u32(rt::RTA_OIF, index);
}

/// Routes every packet with this mark to the machine itself. `family` is any address of the family.
pub fn deliver_marked(batch: &mut Batch, family: IpAddr, mark: u32) {
    let (family, _) = family_and_bytes(family);
    // struct fib_rule_hdr: family, lengths and type of service, table, two reserved bytes, action, flags.
    let mut rule = vec![family, 0, 0, 0, DIVERTED_TABLE, 0, 0, rt::FR_ACT_TO_TBL];
    rule.extend([0; 4]);
    batch
        .message("rule", rt::NEWRULE, CREATE, &rule)
        .u32(rt::FRA_FWMARK, mark)
        .u32(rt::FRA_PRIORITY, DIVERTED_PRIORITY);
    let header = route_header(family, DIVERTED_TABLE, rt::RT_SCOPE_HOST, rt::RTN_LOCAL);
    batch
        .message("route", rt::NEWROUTE, CREATE, &header)
        .u32(rt::RTA_OIF, LOOPBACK);
}

/// Returns a `struct rtmsg` for all destinations.
fn route_header(family: u8, table: u8, scope: u8, kind: u8) -> Vec<u8> {
    let mut header = vec![family, 0, 0, 0, table, rt::RTPROT_STATIC, scope, kind];
    header.extend([0; 4]);
    header
}

/// Returns a `struct ifinfomsg`; the flags are their own mask.
fn link_header(index: u32, flags: u32) -> Vec<u8> {
    let mut header = vec![0; 4];
    header.extend(index.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header
}

fn family_and_bytes(address: IpAddr) -> (u8, Vec<u8>) {
    match address {
        IpAddr::V4(address) => (rt::AF_INET, address.octets().to_vec()),
        IpAddr::V6(address) => (rt::AF_INET6, address.octets().to_vec()),
    }
}

/// Reads a hardware address such as `02:42:ac:11:00:02`.
pub fn parse_mac(text: &str) -> Option<Mac> {
    let mut mac = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut mac {
        *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    parts.next().is_none().then_some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hardware_address_has_six_bytes() {
        assert_eq!(
            parse_mac("02:42:ac:11:00:ff"),
            Some([2, 0x42, 0xac, 0x11, 0, 0xff])
        );
        for text in [
            "",
            "02:42:ac:11:00",
            "02:42:ac:11:00:ff:01",
            "02:42:ac:11:00:zz",
        ] {
            assert_eq!(parse_mac(text), None, "{text}");
        }
    }
}
