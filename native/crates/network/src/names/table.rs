//! Names and addresses of the containers on their networks, and the replies to questions about them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use protocol::net::{Names, NetworkNames};
use simple_dns::rdata::{PTR, RData};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, TYPE};

use super::message::{self, HEADER, Transport};

/// The reaction to a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    Answer(Vec<u8>),
    /// Another server is asked: one of these, or the host's if the list is empty.
    Forward(Vec<IpAddr>),
    /// The message is no question.
    Ignore,
}

impl Reply {
    fn new(answer: Option<Vec<u8>>) -> Self {
        answer.map_or(Self::Ignore, Self::Answer)
    }
}

#[derive(Debug, Default)]
pub struct NameTable {
    by_namespace: HashMap<u64, Names>,
    /// The number of answers. Containers that share a name take turns at the first position of an answer.
    answers: usize,
}

impl NameTable {
    pub fn set(&mut self, names: Names) {
        self.by_namespace.insert(names.namespace, names);
    }

    pub fn remove(&mut self, namespace: u64) {
        self.by_namespace.remove(&namespace);
    }

    /// Returns the reply to a message from a container. A container without names is served by the host's servers.
    pub fn reply(&mut self, namespace: u64, message: &[u8], transport: Transport) -> Reply {
        let Some(own) = self.by_namespace.get(&namespace) else {
            return match message.len() >= HEADER {
                true => Reply::Forward(Vec::new()),
                false => Reply::Ignore,
            };
        };
        let Ok(packet) = Packet::parse(message) else {
            return Reply::new(message::format_error(message));
        };
        if packet.has_flags(PacketFlag::RESPONSE) {
            return Reply::Ignore;
        }
        let found = match packet.questions.as_slice() {
            [question] if is_internet_query(&packet, question.qclass) => {
                self.find(own, &question.qname.to_string(), question.qtype)
            }
            _ => None,
        };
        match found {
            Some(records) => {
                self.answers = self.answers.wrapping_add(1);
                Reply::new(message::response(
                    &packet,
                    RCODE::NoError,
                    records,
                    transport,
                ))
            }
            None if own.outside => Reply::Forward(own.servers.clone()),
            None => Reply::new(message::response(
                &packet,
                RCODE::NameError,
                Vec::new(),
                transport,
            )),
        }
    }

    /// Returns the records of a name on the container's networks; `None` if the name is unknown there.
    fn find(&self, own: &Names, name: &str, kind: QTYPE) -> Option<Vec<RData<'static>>> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if let Some(address) = reverse_address(&name) {
            let attachment = self
                .neighbours(own)
                .find(|attachment| has(attachment, address))?;
            let pointer = Name::new(attachment.names.first()?).ok()?.into_owned();
            let wanted = matches!(kind, QTYPE::TYPE(TYPE::PTR) | QTYPE::ANY);
            return Some(
                wanted
                    .then_some(RData::PTR(PTR(pointer)))
                    .into_iter()
                    .collect(),
            );
        }
        let link = own.links.iter().find(|link| link.alias == name);
        let name = link.map_or(&name, |link| &link.name);
        let mut found: Vec<&NetworkNames> = self
            .neighbours(own)
            .filter(|attachment| attachment.names.contains(name))
            .collect();
        if found.is_empty() {
            return None;
        }
        // The order of a hash map differs from call to call.
        found.sort_by_key(|network| network.ipv4);
        let first = self.answers % found.len();
        found.rotate_left(first);
        let ipv4 = matches!(kind, QTYPE::TYPE(TYPE::A) | QTYPE::ANY);
        let ipv6 = matches!(kind, QTYPE::TYPE(TYPE::AAAA) | QTYPE::ANY);
        let addresses = found.into_iter().flat_map(|attachment| {
            let ipv4 = ipv4.then_some(RData::A(attachment.ipv4.into()));
            let ipv6 = attachment.ipv6.filter(|_| ipv6);
            ipv4.into_iter()
                .chain(ipv6.map(|address| RData::AAAA(address.into())))
        });
        Some(addresses.collect())
    }

    /// Returns the attachments of all containers on a container's networks, its own included.
    fn neighbours<'table>(
        &'table self,
        own: &'table Names,
    ) -> impl Iterator<Item = &'table NetworkNames> {
        let networks: Vec<&str> = own
            .networks
            .iter()
            .map(|network| network.network.as_str())
            .collect();
        self.by_namespace
            .values()
            .flat_map(|names| &names.networks)
            .filter(move |attachment| networks.contains(&attachment.network.as_str()))
    }
}

fn is_internet_query(packet: &Packet<'_>, class: QCLASS) -> bool {
    packet.opcode() == OPCODE::StandardQuery
        && matches!(class, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY)
}

fn has(attachment: &NetworkNames, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => attachment.ipv4 == address,
        IpAddr::V6(address) => attachment.ipv6 == Some(address),
    }
}

/// Returns the address in a name of the reverse zones `in-addr.arpa` and `ip6.arpa`.
fn reverse_address(name: &str) -> Option<IpAddr> {
    if let Some(text) = name.strip_suffix(".in-addr.arpa") {
        let reversed: Vec<&str> = text.split('.').rev().collect();
        return Some(IpAddr::V4(reversed.join(".").parse::<Ipv4Addr>().ok()?));
    }
    let digits: Vec<&str> = name.strip_suffix(".ip6.arpa")?.split('.').collect();
    if digits.len() != 32 || digits.iter().any(|digit| digit.len() != 1) {
        return None;
    }
    let text: String = digits.into_iter().rev().collect();
    let bits = u128::from_str_radix(&text, 16).ok()?;
    Some(IpAddr::V6(Ipv6Addr::from_bits(bits)))
}

#[cfg(test)]
mod tests;
