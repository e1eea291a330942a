//! A table of rules, written as the kernel's messages in one transaction.

use super::expressions::Expressions;
use super::nftables as nft;
use super::nftables::Verdict;
use crate::netlink::{APPEND, Batch, CREATE, ENSURE, Error, Netlink};

/// The packets that a table sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Both versions of the protocol.
    Inet = 1,
    Ipv4 = 2,
    /// Frames that arrive at a port of a bridge.
    Bridge = 7,
    Ipv6 = 10,
}

/// Chains, each at one point of the kernel's packet path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Packets that arrive, before they are routed.
    Diverted,
    /// Packets that arrive, just before [`Chain::Diverted`].
    Queued,
    /// Packets that leave through another interface.
    Forwarded,
    /// Packets that this machine sends.
    Names,
    /// Frames that arrive at a port of a bridge. Frames that no rule accepts are dropped.
    Frames,
}

impl Chain {
    fn name(self) -> &'static str {
        match self {
            Self::Diverted => "diverted",
            Self::Queued => "queued",
            Self::Forwarded => "forwarded",
            Self::Names => "names",
            Self::Frames => "frames",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Diverted | Self::Queued | Self::Forwarded | Self::Frames => "filter",
            Self::Names => "nat",
        }
    }

    fn hook_and_priority(self) -> (u32, i32) {
        match self {
            Self::Diverted => (nft::HOOK_PREROUTING, nft::PRIORITY_MANGLE),
            Self::Queued => (nft::HOOK_PREROUTING, nft::PRIORITY_MANGLE - 1),
            Self::Forwarded => (nft::HOOK_FORWARD, nft::PRIORITY_FILTER),
            Self::Names => (nft::HOOK_OUTPUT, nft::PRIORITY_NAT_DST),
            Self::Frames => (nft::HOOK_BRIDGE_ARRIVAL, nft::PRIORITY_BRIDGE),
        }
    }

    fn policy(self) -> Verdict {
        match self {
            Self::Frames => Verdict::Drop,
            _ => Verdict::Accept,
        }
    }
}

/// A transaction about one table.
pub struct Rules {
    batch: Batch,
    family: Family,
    table: &'static str,
}

impl Rules {
    /// Begins a transaction about an existing table.
    pub fn change(family: Family, table: &'static str) -> Self {
        let mut batch = Batch::default();
        batch.silent(nft::BATCH_BEGIN, &header(0, nft::SUBSYSTEM));
        Self {
            batch,
            family,
            table,
        }
    }

    /// Begins a table that replaces an earlier table of the same name.
    pub fn begin(family: Family, table: &'static str) -> Self {
        let mut rules = Self::change(family, table);
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
            .text(nft::CHAIN_TYPE, chain.kind())
            .be32(nft::CHAIN_POLICY, chain.policy() as u32);
    }

    /// Creates a set of keys with this length. `id` is unique in the transaction.
    pub fn set(&mut self, name: &str, key_length: u32, id: u32) {
        let table = self.table;
        self.message("set", nft::NEWSET, CREATE)
            .text(nft::SET_TABLE, table)
            .text(nft::SET_NAME, name)
            .be32(nft::SET_FLAGS, 0)
            .be32(nft::SET_KEY_TYPE, 0)
            .be32(nft::SET_KEY_LEN, key_length)
            .be32(nft::SET_ID, id);
    }

    /// Adds keys to a set; keys already in the set stay.
    pub fn add_keys(&mut self, set: &str, keys: &[Vec<u8>]) {
        self.keys("set element", nft::NEWSETELEM, ENSURE, set, keys);
    }

    pub fn remove_keys(&mut self, set: &str, keys: &[Vec<u8>]) {
        self.keys("set element", nft::DELSETELEM, 0, set, keys);
    }

    fn keys(&mut self, what: &'static str, kind: u16, flags: u16, set: &str, keys: &[Vec<u8>]) {
        if keys.is_empty() {
            return;
        }
        let table = self.table;
        self.message(what, kind, flags)
            .text(nft::ELEMENTS_TABLE, table)
            .text(nft::ELEMENTS_SET, set)
            .nested(nft::ELEMENTS, |list| {
                for key in keys {
                    list.nested(nft::LIST_ELEM, |element| {
                        element.nested(nft::ELEMENT_KEY, |data| {
                            data.bytes(nft::DATA_VALUE, key);
                        });
                    });
                }
            });
    }

    /// Appends a rule: the conditions that `write` adds, then the action.
    pub fn rule(&mut self, chain: Chain, write: impl FnOnce(&mut Expressions<'_>)) {
        let table = self.table;
        self.message("rule", nft::NEWRULE, APPEND)
            .text(nft::RULE_TABLE, table)
            .text(nft::RULE_CHAIN, chain.name())
            .nested(nft::RULE_EXPRESSIONS, |list| {
                write(&mut Expressions::new(list));
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
