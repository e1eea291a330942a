//! Names and addresses of the containers on their networks, and the replies to questions about them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use protocol::net::{Names, NetworkNames};

use super::message::{self, Record, Transport};
use super::question::{self, HEADER, Question, Unreadable};

/// The reaction to a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    Answer(Vec<u8>),
    /// A question for other servers: these, or the host's if the list is empty.
    Forward(Vec<IpAddr>),
    /// A message that is not a question.
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
        let question = match Question::parse(message) {
            Ok(question) => question,
            Err(Unreadable::NoQuestion) => return Reply::Ignore,
            Err(Unreadable::Count) if own.outside => return Reply::Forward(own.servers.clone()),
            Err(Unreadable::Malformed | Unreadable::Count) => {
                return Reply::new(message::format_error(message));
            }
        };
        let found = match question.is_internet_query {
            true => self.find(own, &question.name, question.kind),
            false => None,
        };
        match found {
            Some(records) => {
                self.answers = self.answers.wrapping_add(1);
                Reply::Answer(message::records(&question, &records, transport))
            }
            None if own.outside => Reply::Forward(own.servers.clone()),
            None => Reply::Answer(message::name_error(&question)),
        }
    }

    /// Returns the records of a name on the container's networks; `None` if the name is unknown there.
    fn find(&self, own: &Names, name: &str, kind: u16) -> Option<Vec<Record>> {
        let name = name.to_ascii_lowercase();
        let wanted = |one: u16| kind == one || kind == question::ANY;
        if let Some(address) = reverse_address(&name) {
            let attachment = self
                .neighbours(own)
                .find(|attachment| has(attachment, address))?;
            let pointer = Record::Pointer(attachment.names.first()?.clone());
            return Some(
                wanted(question::PTR)
                    .then_some(pointer)
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
        let addresses = found.into_iter().flat_map(|attachment| {
            let ipv4 = wanted(question::A).then_some(Record::Ipv4(attachment.ipv4));
            let ipv6 = attachment.ipv6.filter(|_| wanted(question::AAAA));
            ipv4.into_iter().chain(ipv6.map(Record::Ipv6))
        });
        Some(addresses.collect())
    }

    /// Returns the attachments of all containers on a container's networks, including the container's own.
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
