//! A table of rules, written as the kernel's messages in one transaction.

use super::nftables as nft;
use super::nftables::Verdict;
use crate::netlink::{APPEND, Batch, CREATE, ENSURE, Error, Netlink};

/// The packets that a table sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Both versions of the protocol.
    Inet = 1,
    Ipv4 = 2,
    Ipv6 = 10,
}

/// Chains by the point in the kernel's path at which they see packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Packets that arrive, before they are routed.
    Diverted,
    /// The same packets, just before [`Chain::Diverted`].
    Queued,
    /// Packets that leave through another interface.
    Forwarded,
    /// Packets that this machine sends.
    Names,
}

impl Chain {
    fn name(self) -> &'static str {
        match self {
            Self::Diverted => "diverted",
            Self::Queued => "queued",
            Self::Forwarded => "forwarded",
            Self::Names => "names",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Diverted | Self::Queued | Self::Forwarded => "filter",
            Self::Names => "nat",
        }
    }

    fn hook_and_priority(self) -> (u32, i32) {
        match self {
            Self::Diverted => (nft::HOOK_PREROUTING, nft::PRIORITY_MANGLE),
            Self::Queued => (nft::HOOK_PREROUTING, nft::PRIORITY_MANGLE - 1),
            Self::Forwarded => (nft::HOOK_FORWARD, nft::PRIORITY_FILTER),
            Self::Names => (nft::HOOK_OUTPUT, nft::PRIORITY_NAT_DST),
        }
    }
}

/// One table that replaces an earlier table of the same name.
pub struct Rules {
    batch: Batch,
    family: Family,
    table: &'static str,
}

impl Rules {
    pub fn begin(family: Family, table: &'static str) -> Self {
        let mut batch = Batch::default();
        batch.silent(nft::BATCH_BEGIN, &header(0, nft::SUBSYSTEM));
        let mut rules = Self {
            batch,
            family,
            table,
        };
        // Deletes the table of an earlier process. The kernel fails to delete a table that does not exist, so it is
        // created first.
        for (kind, flags) in [
            (nft::NEWTABLE, ENSURE),
            (nft::DELTABLE, 0),
            (nft::NEWTABLE, CREATE),
        ] {
            rules
                .message("table", kind, flags)
                .text(nft::TABLE_NAME, table);
        }
        rules
    }

    fn message(&mut self, what: &'static str, kind: u16, flags: u16) -> &mut Batch {
        let header = header(self.family as u8, 0);
        self.batch.message(what, kind, flags, &header)
    }

    pub fn chain(&mut self, chain: Chain) {
        let table = self.table;
        let (hook, priority) = chain.hook_and_priority();
        self.message("chain", nft::NEWCHAIN, CREATE)
            .text(nft::CHAIN_TABLE, table)
            .text(nft::CHAIN_NAME, chain.name())
            .nested(nft::CHAIN_HOOK, |attributes| {
                attributes
                    .be32(nft::HOOK_HOOKNUM, hook)
                    .be32(nft::HOOK_PRIORITY, priority.cast_unsigned());
            })
            .text(nft::CHAIN_TYPE, chain.kind());
    }

    /// Appends a rule: the conditions that `write` adds, then the action.
    pub fn rule(&mut self, chain: Chain, write: impl FnOnce(&mut Expressions<'_>)) {
        let table = self.table;
        self.message("rule", nft::NEWRULE, APPEND)
            .text(nft::RULE_TABLE, table)
            .text(nft::RULE_CHAIN, chain.name())
            .nested(nft::RULE_EXPRESSIONS, |list| {
                write(&mut Expressions(list));
            });
    }

    pub fn perform(mut self, netlink: &Netlink) -> Result<(), Error> {
        self.batch
            .silent(nft::BATCH_END, &header(0, nft::SUBSYSTEM));
        netlink.perform(&self.batch)
    }
}

/// Returns a `struct nfgenmsg`: family, version, resource.
fn header(family: u8, resource: u16) -> [u8; 4] {
    let [high, low] = resource.to_be_bytes();
    [family, 0, high, low]
}

/// Offsets and bits of the headers that rules look at.
mod packet {
    /// The flags of a TCP header.
    pub const TCP_FLAGS: (u32, u32) = (13, 1);
    pub const SYN: u8 = 0x02;
    pub const ACK: u8 = 0x10;
    /// The destination port of TCP and UDP.
    pub const DESTINATION_PORT: (u32, u32) = (2, 2);
    /// The destination address of an IPv4 header.
    pub const IPV4_DESTINATION: (u32, u32) = (16, 4);
}

/// The expressions of one rule. A packet that does not satisfy a condition leaves the rule.
pub struct Expressions<'a>(&'a mut Batch);

impl Expressions<'_> {
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
        self.add("payload", |payload| {
            payload
                .be32(nft::PAYLOAD_DREG, nft::REG_1)
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
                    .be32(nft::NAT_FAMILY, Family::Ipv4 as u32)
                    .be32(nft::NAT_REG_ADDR_MIN, nft::REG_1)
                    .be32(nft::NAT_REG_PROTO_MIN, nft::REG_2)
                    .be32(nft::NAT_FLAGS, nft::NAT_RANGE_PROTO_SPECIFIED);
            })
    }
}
