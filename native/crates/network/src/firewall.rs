//! The helper's nftables rules: packets that leave a bridge are diverted to the helper's listeners.

mod expressions;
pub mod identities;
mod nftables;
mod rules;

use rustix::io::Errno;

use crate::netlink::{Error, Netlink};
use expressions::Expressions;
use nftables::{ICMPX_ADMIN_PROHIBITED, ICMPX_HOST_UNREACHABLE, IPPROTO_TCP, IPPROTO_UDP, Verdict};
use rules::{Chain, Family, Rules};

/// Mark of packets that are delivered to this machine.
pub const DIVERTED: u32 = 1;
/// Mark of first packets whose destination refused the host's connection.
pub const REFUSED: u32 = 2;
/// Mark of first packets whose destination the host cannot reach.
pub const UNREACHABLE: u32 = 3;
/// Mark of packets that no rule has marked.
const UNMARKED: u32 = 0;

/// The number of the queue for first packets.
pub const QUEUE: u16 = 1;

/// Name prefix of all bridges.
const ANY_BRIDGE: &str = "tb";
/// Name prefix of bridges whose containers reach other networks.
pub const OPEN_BRIDGE: &str = "tbr";
/// Name prefix of bridges whose containers reach one another only.
pub const INTERNAL_BRIDGE: &str = "tbi";

/// The address and port of the containers' name server.
const RESOLVER: [u8; 4] = [127, 0, 0, 11];
const RESOLVER_PORT: u16 = 53;

const TABLE: &str = "tbox";
const QUEUE_TABLE: &str = "tbox-queue";

/// Diverts all packets that leave a bridge to the listeners on `port`. The listeners see the original destination.
/// Packets that are neither TCP nor UDP are rejected.
pub fn divert(netlink: &Netlink, port: u16) -> Result<(), Error> {
    let mut rules = Rules::begin(Family::Inet, TABLE);
    rules.chain(Chain::Diverted);
    rules.rule(Chain::Diverted, |rule| {
        rule.input_is_not(ANY_BRIDGE).verdict(Verdict::Accept);
    });
    // The hardware address is not tested, because a broadcast frame can contain a packet for one machine.
    rules.rule(Chain::Diverted, |rule| {
        rule.input_is(INTERNAL_BRIDGE).verdict(Verdict::Drop);
    });
    for protocol in [IPPROTO_TCP, IPPROTO_UDP] {
        rules.rule(Chain::Diverted, |rule| {
            rule.is_not_unicast()
                .protocol(protocol)
                .verdict(Verdict::Drop);
        });
    }
    // Before the rule for existing sockets: the listeners on `port` match packets for that port of any machine.
    rules.rule(Chain::Diverted, |rule| {
        rule.mark(REFUSED).protocol(IPPROTO_TCP).reject_with_reset();
    });
    rules.rule(Chain::Diverted, |rule| {
        rule.mark(UNREACHABLE).reject(ICMPX_HOST_UNREACHABLE);
    });
    for protocol in [IPPROTO_TCP, IPPROTO_UDP] {
        rules.rule(Chain::Diverted, |rule| {
            rule.protocol(protocol)
                .has_transparent_socket()
                .set_mark(DIVERTED)
                .verdict(Verdict::Accept);
        });
        rules.rule(Chain::Diverted, |rule| {
            rule.protocol(protocol)
                .divert_to(port)
                .set_mark(DIVERTED)
                .verdict(Verdict::Accept);
        });
    }
    rules.chain(Chain::Forwarded);
    rules.rule(Chain::Forwarded, |rule| {
        rule.reject(ICMPX_ADMIN_PROHIBITED);
    });
    rules.perform(netlink)
}

/// Holds the first packet of each connection in the queue. Packets pass while nobody reads the queue.
pub fn queue_first_packets(netlink: &Netlink) -> Result<(), Error> {
    let queue = |rules: &mut Rules, write: fn(&mut Expressions<'_>)| {
        rules.chain(Chain::Queued);
        rules.rule(Chain::Queued, |rule| {
            rule.input_is(OPEN_BRIDGE)
                .is_unicast()
                .protocol(IPPROTO_TCP)
                .is_syn()
                .mark(UNMARKED);
            write(rule);
        });
    };
    let mut rules = Rules::begin(Family::Inet, QUEUE_TABLE);
    queue(&mut rules, |rule| {
        rule.queue(QUEUE);
    });
    match rules.perform(netlink) {
        Err(Error {
            errno: Errno::NOENT | Errno::OPNOTSUPP,
            ..
        }) => {}
        result => return result,
    }
    // Kernels without nft_queue have the xtables target, which takes one address family at a time.
    for family in [Family::Ipv4, Family::Ipv6] {
        let mut rules = Rules::begin(family, QUEUE_TABLE);
        queue(&mut rules, |rule| {
            rule.queue_by_xtables(QUEUE);
        });
        rules.perform(netlink)?;
    }
    Ok(())
}

/// Redirects packets for port 53 of 127.0.0.11 to these ports, in a container's network namespace. The container can
/// still bind port 53.
pub fn redirect_names(netlink: &Netlink, udp: u16, tcp: u16) -> Result<(), Error> {
    let mut rules = Rules::begin(Family::Ipv4, TABLE);
    rules.chain(Chain::Names);
    for (protocol, port) in [(IPPROTO_UDP, udp), (IPPROTO_TCP, tcp)] {
        rules.rule(Chain::Names, |rule| {
            rule.ipv4_destination(RESOLVER)
                .protocol(protocol)
                .destination_port(RESOLVER_PORT)
                .translate_to(RESOLVER, port);
        });
    }
    rules.perform(netlink)
}
