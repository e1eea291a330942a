//! The conditions and actions of a rule, as the kernel's expressions.

use super::nftables as nft;
use super::nftables::Verdict;
use crate::netlink::Batch;

/// Offsets and bits of the headers that rules inspect.
mod packet {
    /// The flags of a TCP header.
    pub const TCP_FLAGS: (u32, u32) = (13, 1);
    pub const SYN: u8 = 0x02;
    pub const ACK: u8 = 0x10;
    /// The destination port of TCP and UDP.
    pub const DESTINATION_PORT: (u32, u32) = (2, 2);
    /// The destination address of an IPv4 header.
    pub const IPV4_DESTINATION: (u32, u32) = (16, 4);
    pub const ICMPV6_TYPE: (u32, u32) = (0, 1);
    /// Kinds and lengths of the addresses in an ARP message: Ethernet, IPv4, 6, 4.
    pub const ARP_FORMAT: (u32, u32) = (0, 6);
    pub const ARP_FORMAT_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];
}

/// A part of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    base: u32,
    offset: u32,
    length: u32,
}

impl Field {
    pub const ETHERNET_SOURCE: Self = Self::new(nft::PAYLOAD_LINK_HEADER, 6, 6);
    pub const ARP_HARDWARE: Self = Self::new(nft::PAYLOAD_NETWORK_HEADER, 8, 6);
    pub const ARP_ADDRESS: Self = Self::new(nft::PAYLOAD_NETWORK_HEADER, 14, 4);
    pub const IPV4_SOURCE: Self = Self::new(nft::PAYLOAD_NETWORK_HEADER, 12, 4);
    pub const IPV6_SOURCE: Self = Self::new(nft::PAYLOAD_NETWORK_HEADER, 8, 16);
    /// The address that a neighbour advertisement is about.
    pub const ADVERTISED: Self = Self::new(nft::PAYLOAD_TRANSPORT_HEADER, 8, 16);

    const fn new(base: u32, offset: u32, length: u32) -> Self {
        Self {
            base,
            offset,
            length,
        }
    }
}

/// The expressions of one rule. A packet that does not satisfy a condition leaves the rule.
pub struct Expressions<'a>(&'a mut Batch);

impl<'a> Expressions<'a> {
    pub fn new(list: &'a mut Batch) -> Self {
        Self(list)
    }

    fn add(&mut self, name: &str, write: impl FnOnce(&mut Batch)) -> &mut Self {
        self.0.nested(nft::LIST_ELEM, |element| {
            element
                .text(nft::EXPR_NAME, name)
                .nested(nft::EXPR_DATA, write);
        });
        self
    }

    fn meta(&mut self, key: u32) -> &mut Self {
        self.add("meta", |meta| {
            meta.be32(nft::META_DREG, nft::REG_1)
                .be32(nft::META_KEY, key);
        })
    }

    /// Matches frames that carry this kind of packet.
    pub fn carries(&mut self, kind: u16) -> &mut Self {
        self.meta(nft::META_PROTOCOL).equals(&kind.to_be_bytes())
    }

    /// Matches ICMPv6 messages of one type.
    pub fn is_icmpv6(&mut self, kind: u8) -> &mut Self {
        self.protocol(nft::IPPROTO_ICMPV6)
            .payload(nft::PAYLOAD_TRANSPORT_HEADER, packet::ICMPV6_TYPE)
            .equals(&[kind])
    }

    /// Matches ARP messages about IPv4 addresses on Ethernet.
    pub fn is_arp_for_ipv4(&mut self) -> &mut Self {
        self.payload(nft::PAYLOAD_NETWORK_HEADER, packet::ARP_FORMAT)
            .equals(&packet::ARP_FORMAT_IPV4)
    }

    /// Looks up a key in a set: the interface at which the frame arrived, with a hardware address and an address of the
    /// frame.
    pub fn identity(
        &mut self,
        hardware: Field,
        address: Field,
        set: &str,
        known: bool,
    ) -> &mut Self {
        let register = |at: u32| nft::REG32_FIRST + at;
        let flags = if known { 0 } else { nft::LOOKUP_INVERTED };
        self.add("meta", |meta| {
            meta.be32(nft::META_DREG, register(0))
                .be32(nft::META_KEY, nft::META_IIFNAME);
        })
        .payload_to(register(4), hardware)
        .payload_to(register(6), address)
        .add("lookup", |lookup| {
            lookup
                .text(nft::LOOKUP_SET, set)
                .be32(nft::LOOKUP_SREG, register(0))
                .be32(nft::LOOKUP_FLAGS, flags);
        })
    }

    fn compare(&mut self, operator: u32, value: &[u8]) -> &mut Self {
        self.add("cmp", |compare| {
            compare
                .be32(nft::CMP_SREG, nft::REG_1)
                .be32(nft::CMP_OP, operator)
                .nested(nft::CMP_DATA, |data| {
                    data.bytes(nft::DATA_VALUE, value);
                });
        })
    }

    fn equals(&mut self, value: &[u8]) -> &mut Self {
        self.compare(nft::CMP_EQ, value)
    }

    fn load(&mut self, register: u32, value: &[u8]) -> &mut Self {
        self.add("immediate", |immediate| {
            immediate
                .be32(nft::IMMEDIATE_DREG, register)
                .nested(nft::IMMEDIATE_DATA, |data| {
                    data.bytes(nft::DATA_VALUE, value);
                });
        })
    }

    fn payload(&mut self, base: u32, (offset, length): (u32, u32)) -> &mut Self {
        let field = Field {
            base,
            offset,
            length,
        };
        self.payload_to(nft::REG_1, field)
    }

    fn payload_to(&mut self, register: u32, field: Field) -> &mut Self {
        let Field {
            base,
            offset,
            length,
        } = field;
        self.add("payload", |payload| {
            payload
                .be32(nft::PAYLOAD_DREG, register)
                .be32(nft::PAYLOAD_BASE, base)
                .be32(nft::PAYLOAD_OFFSET, offset)
                .be32(nft::PAYLOAD_LEN, length);
        })
    }

    pub fn verdict(&mut self, verdict: Verdict) -> &mut Self {
        self.add("immediate", |immediate| {
            immediate
                .be32(nft::IMMEDIATE_DREG, nft::REG_VERDICT)
                .nested(nft::IMMEDIATE_DATA, |data| {
                    data.nested(nft::DATA_VERDICT, |code| {
                        code.be32(nft::VERDICT_CODE, verdict as u32);
                    });
                });
        })
    }

    pub fn input_is(&mut self, prefix: &str) -> &mut Self {
        self.meta(nft::META_IIFNAME).equals(prefix.as_bytes())
    }

    pub fn input_is_not(&mut self, prefix: &str) -> &mut Self {
        self.meta(nft::META_IIFNAME)
            .compare(nft::CMP_NEQ, prefix.as_bytes())
    }

    pub fn is_unicast(&mut self) -> &mut Self {
        self.meta(nft::META_PKTTYPE).equals(&[nft::PACKET_HOST])
    }

    pub fn is_not_unicast(&mut self) -> &mut Self {
        self.meta(nft::META_PKTTYPE)
            .compare(nft::CMP_NEQ, &[nft::PACKET_HOST])
    }

    pub fn protocol(&mut self, number: u8) -> &mut Self {
        self.meta(nft::META_L4PROTO).equals(&[number])
    }

    pub fn mark(&mut self, mark: u32) -> &mut Self {
        self.meta(nft::META_MARK).equals(&mark.to_ne_bytes())
    }

    pub fn set_mark(&mut self, mark: u32) -> &mut Self {
        self.load(nft::REG_1, &mark.to_ne_bytes())
            .add("meta", |meta| {
                meta.be32(nft::META_KEY, nft::META_MARK)
                    .be32(nft::META_SREG, nft::REG_1);
            })
    }

    /// Matches packets of a connection that a diverting listener has accepted.
    pub fn has_transparent_socket(&mut self) -> &mut Self {
        self.add("socket", |socket| {
            socket
                .be32(nft::SOCKET_KEY, nft::SOCKET_TRANSPARENT)
                .be32(nft::SOCKET_DREG, nft::REG_1);
        })
        .equals(&[1])
    }

    /// Matches the first packet of a connection: SYN without ACK.
    pub fn is_syn(&mut self) -> &mut Self {
        self.payload(nft::PAYLOAD_TRANSPORT_HEADER, packet::TCP_FLAGS)
            .add("bitwise", |bitwise| {
                bitwise
                    .be32(nft::BITWISE_SREG, nft::REG_1)
                    .be32(nft::BITWISE_DREG, nft::REG_1)
                    .be32(nft::BITWISE_LEN, 1)
                    .nested(nft::BITWISE_MASK, |mask| {
                        mask.bytes(nft::DATA_VALUE, &[packet::SYN | packet::ACK]);
                    })
                    .nested(nft::BITWISE_XOR, |xor| {
                        xor.bytes(nft::DATA_VALUE, &[0]);
                    });
            })
            .equals(&[packet::SYN])
    }

    pub fn divert_to(&mut self, port: u16) -> &mut Self {
        self.load(nft::REG_1, &port.to_be_bytes())
            .add("tproxy", |tproxy| {
                tproxy
                    .be32(nft::TPROXY_FAMILY, nft::TPROXY_ANY_FAMILY)
                    .be32(nft::TPROXY_REG_PORT, nft::REG_1);
            })
    }

    pub fn queue(&mut self, number: u16) -> &mut Self {
        self.add("queue", |queue| {
            queue
                .bytes(nft::QUEUE_NUM, &number.to_be_bytes())
                .bytes(nft::QUEUE_TOTAL, &1_u16.to_be_bytes())
                .bytes(nft::QUEUE_FLAGS, &nft::QUEUE_FLAG_BYPASS.to_be_bytes());
        })
    }

    /// Does the same as [`Expressions::queue`] with the xtables target NFQUEUE.
    pub fn queue_by_xtables(&mut self, number: u16) -> &mut Self {
        // struct xt_NFQ_info_v3: number, total, flags, padding.
        let parts = [number, 1, nft::QUEUE_FLAG_BYPASS, 0];
        let information: Vec<u8> = parts.iter().flat_map(|part| part.to_ne_bytes()).collect();
        self.add("target", |target| {
            target
                .text(nft::TARGET_NAME, "NFQUEUE")
                .be32(nft::TARGET_REV, nft::NFQUEUE_REVISION)
                .bytes(nft::TARGET_INFO, &information);
        })
    }

    pub fn reject(&mut self, code: u8) -> &mut Self {
        self.reject_by(nft::REJECT_ICMPX_UNREACH, code)
    }

    pub fn reject_with_reset(&mut self) -> &mut Self {
        self.reject_by(nft::REJECT_TCP_RST, 0)
    }

    fn reject_by(&mut self, kind: u32, code: u8) -> &mut Self {
        self.add("reject", |reject| {
            reject
                .be32(nft::REJECT_TYPE, kind)
                .bytes(nft::REJECT_ICMP_CODE, &[code]);
        })
    }

    pub fn ipv4_destination(&mut self, address: [u8; 4]) -> &mut Self {
        self.payload(nft::PAYLOAD_NETWORK_HEADER, packet::IPV4_DESTINATION)
            .equals(&address)
    }

    pub fn destination_port(&mut self, port: u16) -> &mut Self {
        self.payload(nft::PAYLOAD_TRANSPORT_HEADER, packet::DESTINATION_PORT)
            .equals(&port.to_be_bytes())
    }

    pub fn translate_to(&mut self, address: [u8; 4], port: u16) -> &mut Self {
        self.load(nft::REG_1, &address)
            .load(nft::REG_2, &port.to_be_bytes())
            .add("nat", |nat| {
                nat.be32(nft::NAT_TYPE, nft::NAT_DNAT)
                    .be32(nft::NAT_FAMILY, nft::FAMILY_IPV4)
                    .be32(nft::NAT_REG_ADDR_MIN, nft::REG_1)
                    .be32(nft::NAT_REG_PROTO_MIN, nft::REG_2)
                    .be32(nft::NAT_FLAGS, nft::NAT_RANGE_PROTO_SPECIFIED);
            })
    }
}
