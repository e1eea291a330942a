//! Interfaces, addresses and routes.

use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::netlink::{Batch, CREATE, REPLACE};

const NEW_LINK: u16 = 16;
const DELETE_LINK: u16 = 17;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const NEW_ROUTE: u16 = 24;
const NEW_RULE: u16 = 32;

const UP: u32 = 1;

mod link {
    pub const ADDRESS: u16 = 1;
    pub const NAME: u16 = 3;
    pub const MTU: u16 = 4;
    pub const MASTER: u16 = 10;
    pub const INFO: u16 = 18;
    pub const NAMESPACE: u16 = 28;
    pub const GSO_IPV4_MAX_SIZE: u16 = 63;
    pub const INFO_KIND: u16 = 1;
    pub const INFO_DATA: u16 = 2;
    pub const VETH_PEER: u16 = 1;
}

/// The index of the loopback interface in every network namespace.
pub const LOOPBACK: u32 = 1;

/// TSO_MAX_SIZE of the kernel, in bytes.
const LARGEST_PIECE: u32 = 524_280;

/// A hardware address.
pub type Mac = [u8; 6];

pub fn bridge(batch: &mut Batch, name: &str, mtu: u32, mac: Mac) {
    batch
        .message("bridge", NEW_LINK, CREATE, &interface(0, UP))
        .text(link::NAME, name)
        .number(link::MTU, mtu)
        .bytes(link::ADDRESS, &mac)
        .nested(link::INFO, |info| {
            info.text(link::INFO_KIND, "bridge");
        });
}

/// A pair of interfaces: one of this namespace, up and on the bridge, the other in another namespace.
pub struct Veth<'a> {
    pub name: &'a str,
    pub bridge: u32,
    pub mtu: u32,
    pub peer: &'a str,
    pub peer_mac: Mac,
    pub namespace: BorrowedFd<'a>,
}

pub fn veth(batch: &mut Batch, pair: &Veth<'_>) {
    batch
        .message("veth", NEW_LINK, CREATE, &interface(0, UP))
        .text(link::NAME, pair.name)
        .number(link::MTU, pair.mtu)
        .number(link::MASTER, pair.bridge)
        .nested(link::INFO, |info| {
            info.text(link::INFO_KIND, "veth")
                .nested(link::INFO_DATA, |data| {
                    data.nested(link::VETH_PEER, |peer| {
                        // Up is refused here: its own end is not there yet.
                        peer.raw(&interface(0, 0))
                            .text(link::NAME, pair.peer)
                            .number(link::MTU, pair.mtu)
                            .bytes(link::ADDRESS, &pair.peer_mac)
                            .number(link::NAMESPACE, pair.namespace.as_raw_fd().cast_unsigned());
                    });
                });
        });
}

/// Has TCP over IPv4 hand over up to half a MiB in one piece: bridges, packet filters and whoever waits for it are
/// concerned with pieces, not bytes. Kernels before 6.3 do not know this, and pieces have 64 KiB there.
pub fn enlarge(batch: &mut Batch, index: u32) -> &mut Batch {
    batch
        .attempt(NEW_LINK, &interface(index, 0))
        .number(link::GSO_IPV4_MAX_SIZE, LARGEST_PIECE)
}

/// As [`enlarge`].
pub fn enlarge_named(batch: &mut Batch, name: &str) {
    enlarge(batch, 0).text(link::NAME, name);
}

pub fn bring_up(batch: &mut Batch, index: u32) {
    batch.message("up", NEW_LINK, 0, &interface(index, UP));
}

pub fn remove(batch: &mut Batch, name: &str) {
    batch
        .message("remove", DELETE_LINK, 0, &interface(0, 0))
        .text(link::NAME, name);
}

/// Has the kernel settle what it does later otherwise: without it the first packet may be lost, and
/// sent again after a second.
pub fn settle(batch: &mut Batch, name: &str) {
    batch
        .message("settle", GET_LINK, 0, &interface(0, 0))
        .text(link::NAME, name);
}

pub fn address(batch: &mut Batch, index: u32, address: IpAddr, prefix: u8) {
    const NO_DUPLICATE_DETECTION: u8 = 0x02;
    let (family, bytes) = parts(address);
    let flags = if address.is_ipv6() {
        NO_DUPLICATE_DETECTION
    } else {
        0
    };
    let mut header = vec![family, prefix, flags, 0];
    header.extend(index.to_ne_bytes());
    batch
        .message("address", NEW_ADDRESS, CREATE, &header)
        .bytes(2, &bytes)
        .bytes(1, &bytes);
}

/// Takes the place of the one there was.
pub fn default_route(batch: &mut Batch, index: u32, gateway: IpAddr) {
    let (family, bytes) = parts(gateway);
    batch
        .message("route", NEW_ROUTE, REPLACE, &route(family, 254, 0, 1))
        .bytes(5, &bytes)
        .number(4, index);
}

/// Takes every packet with this mark for one of this machine's own.
pub fn divert(batch: &mut Batch, family: IpAddr, mark: u32) {
    const TABLE: u32 = 100;
    const HOST_SCOPE: u8 = 254;
    const LOCAL: u8 = 2;
    const LOOK_UP: u8 = 1;
    let (family, _) = parts(family);
    let mut rule = vec![family, 0, 0, 0, TABLE as u8, 0, 0, LOOK_UP];
    rule.extend([0; 4]);
    batch
        .message("rule", NEW_RULE, CREATE, &rule)
        .number(10, mark)
        .number(6, 100);
    batch
        .message(
            "route",
            NEW_ROUTE,
            CREATE,
            &route(family, TABLE as u8, HOST_SCOPE, LOCAL),
        )
        .number(4, LOOPBACK);
}

fn route(family: u8, table: u8, scope: u8, kind: u8) -> Vec<u8> {
    const STATIC: u8 = 4;
    let mut header = vec![family, 0, 0, 0, table, STATIC, scope, kind];
    header.extend([0; 4]);
    header
}

fn interface(index: u32, flags: u32) -> Vec<u8> {
    let mut header = vec![0; 4];
    header.extend(index.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header
}

fn parts(address: IpAddr) -> (u8, Vec<u8>) {
    match address {
        IpAddr::V4(address) => (2, address.octets().to_vec()),
        IpAddr::V6(address) => (10, address.octets().to_vec()),
    }
}

/// Reads `02:42:ac:11:00:02`.
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
