//! Constants of linux/netfilter.h, linux/netfilter/nfnetlink.h and linux/netfilter/nf_tables.h.

/// NFNL_SUBSYS_NFTABLES. It is the upper byte of message types, and the resource of a batch.
pub const SUBSYSTEM: u16 = 10;

/// NFNL_MSG_BATCH_BEGIN and NFNL_MSG_BATCH_END.
pub const BATCH_BEGIN: u16 = 0x10;
pub const BATCH_END: u16 = 0x11;

pub const NEWTABLE: u16 = SUBSYSTEM << 8;
pub const DELTABLE: u16 = SUBSYSTEM << 8 | 2;
pub const NEWCHAIN: u16 = SUBSYSTEM << 8 | 3;
pub const NEWRULE: u16 = SUBSYSTEM << 8 | 6;
pub const NEWSET: u16 = SUBSYSTEM << 8 | 9;
pub const NEWSETELEM: u16 = SUBSYSTEM << 8 | 12;
pub const DELSETELEM: u16 = SUBSYSTEM << 8 | 14;

pub const TABLE_NAME: u16 = 1;

pub const CHAIN_TABLE: u16 = 1;
pub const CHAIN_NAME: u16 = 3;
pub const CHAIN_HOOK: u16 = 4;
pub const CHAIN_TYPE: u16 = 7;
pub const HOOK_HOOKNUM: u16 = 1;
pub const HOOK_PRIORITY: u16 = 2;

pub const RULE_TABLE: u16 = 1;
pub const RULE_CHAIN: u16 = 2;
pub const RULE_EXPRESSIONS: u16 = 4;

pub const CHAIN_POLICY: u16 = 5;

pub const SET_TABLE: u16 = 1;
pub const SET_NAME: u16 = 2;
pub const SET_FLAGS: u16 = 3;
pub const SET_KEY_TYPE: u16 = 4;
pub const SET_KEY_LEN: u16 = 5;
pub const SET_ID: u16 = 10;
pub const ELEMENTS_TABLE: u16 = 1;
pub const ELEMENTS_SET: u16 = 2;
pub const ELEMENTS: u16 = 3;
pub const ELEMENT_KEY: u16 = 1;

pub const LOOKUP_SET: u16 = 1;
pub const LOOKUP_SREG: u16 = 2;
pub const LOOKUP_FLAGS: u16 = 5;
/// NFT_LOOKUP_F_INV: matches when the key is not in the set.
pub const LOOKUP_INVERTED: u32 = 1;

/// NFTA_LIST_ELEM, NFTA_EXPR_NAME and NFTA_EXPR_DATA.
pub const LIST_ELEM: u16 = 1;
pub const EXPR_NAME: u16 = 1;
pub const EXPR_DATA: u16 = 2;

/// NFTA_DATA_VALUE, NFTA_DATA_VERDICT and NFTA_VERDICT_CODE.
pub const DATA_VALUE: u16 = 1;
pub const DATA_VERDICT: u16 = 2;
pub const VERDICT_CODE: u16 = 1;

/// NFT_REG_VERDICT, and the first two registers for data.
pub const REG_VERDICT: u32 = 0;
pub const REG_1: u32 = 1;
pub const REG_2: u32 = 2;
/// NFT_REG32_00, the first register of four bytes.
pub const REG32_FIRST: u32 = 8;

/// NF_INET_PRE_ROUTING, NF_INET_FORWARD and NF_INET_LOCAL_OUT.
pub const HOOK_PREROUTING: u32 = 0;
pub const HOOK_FORWARD: u32 = 2;
pub const HOOK_OUTPUT: u32 = 3;

/// NF_BR_PRE_ROUTING, and a priority before the bridge learns addresses.
pub const HOOK_BRIDGE_ARRIVAL: u32 = 0;
pub const PRIORITY_BRIDGE: i32 = -300;

/// NF_IP_PRI_MANGLE, NF_IP_PRI_FILTER and NF_IP_PRI_NAT_DST.
pub const PRIORITY_MANGLE: i32 = -150;
pub const PRIORITY_FILTER: i32 = 0;
pub const PRIORITY_NAT_DST: i32 = -100;

/// NF_DROP and NF_ACCEPT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Drop = 0,
    Accept = 1,
}

pub const IPPROTO_TCP: u8 = 6;
pub const IPPROTO_UDP: u8 = 17;
pub const IPPROTO_ICMPV6: u8 = 58;

/// Kinds of Ethernet frames (`ETH_P_IP`, `ETH_P_ARP`, `ETH_P_IPV6`).
pub const ETHERNET_IPV4: u16 = 0x0800;
pub const ETHERNET_ARP: u16 = 0x0806;
pub const ETHERNET_IPV6: u16 = 0x86dd;

pub const META_DREG: u16 = 1;
pub const META_KEY: u16 = 2;
pub const META_SREG: u16 = 3;
/// Keys of `meta` (`enum nft_meta_keys`).
pub const META_PROTOCOL: u32 = 1;
pub const META_MARK: u32 = 3;
pub const META_IIFNAME: u32 = 6;
pub const META_L4PROTO: u32 = 16;
pub const META_PKTTYPE: u32 = 19;

/// PACKET_HOST: the packet is addressed to this machine, not to a group of machines.
pub const PACKET_HOST: u8 = 0;

pub const CMP_SREG: u16 = 1;
pub const CMP_OP: u16 = 2;
pub const CMP_DATA: u16 = 3;
pub const CMP_EQ: u32 = 0;
pub const CMP_NEQ: u32 = 1;

pub const IMMEDIATE_DREG: u16 = 1;
pub const IMMEDIATE_DATA: u16 = 2;

pub const PAYLOAD_DREG: u16 = 1;
pub const PAYLOAD_BASE: u16 = 2;
pub const PAYLOAD_OFFSET: u16 = 3;
pub const PAYLOAD_LEN: u16 = 4;
pub const PAYLOAD_LINK_HEADER: u32 = 0;
pub const PAYLOAD_NETWORK_HEADER: u32 = 1;
pub const PAYLOAD_TRANSPORT_HEADER: u32 = 2;

pub const BITWISE_SREG: u16 = 1;
pub const BITWISE_DREG: u16 = 2;
pub const BITWISE_LEN: u16 = 3;
pub const BITWISE_MASK: u16 = 4;
pub const BITWISE_XOR: u16 = 5;

pub const SOCKET_KEY: u16 = 1;
pub const SOCKET_DREG: u16 = 2;
pub const SOCKET_TRANSPARENT: u32 = 0;

/// NFPROTO_UNSPEC as the family of `tproxy`: the packet's own.
pub const TPROXY_FAMILY: u16 = 1;
pub const TPROXY_REG_PORT: u16 = 3;
pub const TPROXY_ANY_FAMILY: u32 = 0;

pub const QUEUE_NUM: u16 = 1;
pub const QUEUE_TOTAL: u16 = 2;
pub const QUEUE_FLAGS: u16 = 3;
/// NFT_QUEUE_FLAG_BYPASS: packets pass while nobody reads the queue.
pub const QUEUE_FLAG_BYPASS: u16 = 1;

pub const TARGET_NAME: u16 = 1;
pub const TARGET_REV: u16 = 2;
pub const TARGET_INFO: u16 = 3;
/// The revision of the xtables target NFQUEUE that has flags.
pub const NFQUEUE_REVISION: u32 = 3;

pub const REJECT_TYPE: u16 = 1;
pub const REJECT_ICMP_CODE: u16 = 2;
pub const REJECT_TCP_RST: u32 = 1;
pub const REJECT_ICMPX_UNREACH: u32 = 2;
/// NFT_REJECT_ICMPX_HOST_UNREACH and NFT_REJECT_ICMPX_ADMIN_PROHIBITED.
pub const ICMPX_HOST_UNREACHABLE: u8 = 2;
pub const ICMPX_ADMIN_PROHIBITED: u8 = 3;

pub const NAT_TYPE: u16 = 1;
pub const NAT_FAMILY: u16 = 2;
pub const NAT_REG_ADDR_MIN: u16 = 3;
pub const NAT_REG_PROTO_MIN: u16 = 5;
pub const NAT_FLAGS: u16 = 7;
pub const NAT_DNAT: u32 = 1;
/// NFPROTO_IPV4.
pub const FAMILY_IPV4: u32 = 2;
/// NF_NAT_RANGE_PROTO_SPECIFIED.
pub const NAT_RANGE_PROTO_SPECIFIED: u32 = 2;
