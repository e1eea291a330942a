//! What containers are called on their networks, and the answers to questions about that.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use protocol::net::{Names, NetworkNames};
use simple_dns::rdata::{PTR, RData};
use simple_dns::{
    CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE,
};

/// A message has a header of this length, whatever follows.
pub const HEADER: usize = 12;

/// Seconds that an answer holds: a container that is started anew has another address.
const LIFE: u32 = 5;

/// What a datagram holds for those who do not say that they take more.
const SHORT: usize = 512;

/// What is to be done about a question.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    Answer(Vec<u8>),
    /// One of these knows; whom the host asks, if there are none.
    Ask(Vec<IpAddr>),
    /// It is none.
    Ignore,
}

/// How an answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Datagram,
    Stream,
}

#[derive(Debug, Default)]
pub struct NameTable {
    all: HashMap<u64, Names>,
    /// Those who have one name in common are found in turn.
    turn: usize,
}

impl NameTable {
    pub fn set(&mut self, names: Names) {
        self.all.insert(names.namespace, names);
    }

    pub fn remove(&mut self, sandbox: u64) {
        self.all.remove(&sandbox);
    }

    pub fn reply(&mut self, sandbox: u64, message: &[u8], transport: Transport) -> Reply {
        let Some(own) = self.all.get(&sandbox) else {
            return match message.len() >= HEADER {
                true => Reply::Ask(Vec::new()),
                false => Reply::Ignore,
            };
        };
        let Ok(packet) = Packet::parse(message) else {
            return malformed(message);
        };
        if packet.has_flags(PacketFlag::RESPONSE) {
            return Reply::Ignore;
        }
        let found = match packet.questions.as_slice() {
            [question] if is_plain(&packet, question.qclass) => {
                self.find(own, &question.qname.to_string(), question.qtype)
            }
            _ => None,
        };
        match found {
            Some(records) => {
                self.turn = self.turn.wrapping_add(1);
                answer(&packet, RCODE::NoError, records, transport)
            }
            None if own.outside => Reply::Ask(own.servers.clone()),
            None => answer(&packet, RCODE::NameError, Vec::new(), transport),
        }
    }

    /// The records that a name of these networks has; nothing when it is none of theirs.
    fn find(&self, own: &Names, name: &str, kind: QTYPE) -> Option<Vec<RData<'static>>> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if let Some(address) = address_of(&name) {
            let place = self.neighbours(own).find(|place| has(place, address))?;
            let pointer = Name::new(place.names.first()?).ok()?.into_owned();
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
        let mut places: Vec<&NetworkNames> = self
            .neighbours(own)
            .filter(|place| place.names.contains(name))
            .collect();
        if places.is_empty() {
            return None;
        }
        // A map has no order of its own that would hold.
        places.sort_by_key(|place| place.ipv4);
        let first = self.turn % places.len();
        places.rotate_left(first);
        let ipv4 = matches!(kind, QTYPE::TYPE(TYPE::A) | QTYPE::ANY);
        let ipv6 = matches!(kind, QTYPE::TYPE(TYPE::AAAA) | QTYPE::ANY);
        let addresses = places.into_iter().flat_map(|place| {
            let ipv4 = ipv4.then_some(RData::A(place.ipv4.into()));
            let ipv6 = place.ipv6.filter(|_| ipv6);
            ipv4.into_iter()
                .chain(ipv6.map(|address| RData::AAAA(address.into())))
        });
        Some(addresses.collect())
    }

    /// Everybody on the networks that a sandbox is on, itself too.
    fn neighbours<'table>(
        &'table self,
        own: &'table Names,
    ) -> impl Iterator<Item = &'table NetworkNames> {
        let networks: Vec<&str> = own
            .networks
            .iter()
            .map(|place| place.network.as_str())
            .collect();
        self.all
            .values()
            .flat_map(|names| &names.networks)
            .filter(move |place| networks.contains(&place.network.as_str()))
    }
}

fn is_plain(packet: &Packet<'_>, class: QCLASS) -> bool {
    packet.opcode() == OPCODE::StandardQuery
        && matches!(class, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY)
}

fn has(place: &NetworkNames, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => place.ipv4 == address,
        IpAddr::V6(address) => place.ipv6 == Some(address),
    }
}

/// The address that a name of the reverse zones stands for.
fn address_of(name: &str) -> Option<IpAddr> {
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

fn answer(
    question: &Packet<'_>,
    code: RCODE,
    records: Vec<RData<'static>>,
    transport: Transport,
) -> Reply {
    let mut packet = Packet::new_reply(question.id());
    packet.set_flags(PacketFlag::RECURSION_AVAILABLE | PacketFlag::AUTHORITATIVE_ANSWER);
    if question.has_flags(PacketFlag::RECURSION_DESIRED) {
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    *packet.rcode_mut() = code;
    packet.questions.clone_from(&question.questions);
    if let Some(name) = question.questions.first().map(|asked| asked.qname.clone()) {
        packet.answers = records
            .into_iter()
            .map(|data| ResourceRecord::new(name.clone(), CLASS::IN, LIFE, data))
            .collect();
    }
    let Ok(mut bytes) = packet.build_bytes_vec_compressed() else {
        return Reply::Ignore;
    };
    let room = question
        .opt()
        .map_or(SHORT, |opt| usize::from(opt.udp_packet_size).max(SHORT));
    if transport == Transport::Datagram && bytes.len() > room {
        packet.answers.clear();
        packet.set_flags(PacketFlag::TRUNCATION);
        bytes = packet.build_bytes_vec_compressed().unwrap_or_default();
    }
    Reply::Answer(bytes)
}

/// What the header says is all that can be relied on.
fn malformed(message: &[u8]) -> Reply {
    if message.len() < HEADER || message[2] & 0x80 != 0 {
        return Reply::Ignore;
    }
    let mut answer = message[..HEADER].to_vec();
    answer[2] |= 0x80;
    answer[3] = 1;
    answer[4..].fill(0);
    Reply::Answer(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::net::Link;
    use simple_dns::Question;

    fn place(network: &str, names: &[&str], ipv4: [u8; 4], ipv6: Option<&str>) -> NetworkNames {
        NetworkNames {
            network: network.to_owned(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            ipv4: ipv4.into(),
            ipv6: ipv6.map(|text| text.parse().unwrap()),
        }
    }

    fn names(sandbox: u64, places: Vec<NetworkNames>) -> Names {
        Names {
            namespace: sandbox,
            networks: places,
            links: Vec::new(),
            servers: Vec::new(),
            outside: true,
        }
    }

    fn table() -> NameTable {
        let mut table = NameTable::default();
        let web = [10, 1, 0, 2];
        table.set(names(
            1,
            vec![place(
                "front",
                &["web.front", "web", "www"],
                web,
                Some("fd00::2"),
            )],
        ));
        let front = place("front", &["api.front", "api", "www"], [10, 1, 0, 3], None);
        let back = place("back", &["api.back", "api"], [10, 2, 0, 3], None);
        table.set(names(2, vec![front, back]));
        table.set(Names {
            outside: false,
            links: vec![Link {
                alias: "server".to_owned(),
                name: "api".to_owned(),
            }],
            ..names(
                3,
                vec![place("back", &["db.back", "db"], [10, 2, 0, 4], None)],
            )
        });
        table
    }

    fn question(name: &str, kind: TYPE) -> Vec<u8> {
        let mut packet = Packet::new_query(7);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let name = Name::new_unchecked(name);
        let question = Question::new(name, kind.into(), CLASS::IN.into(), false);
        packet.questions.push(question);
        packet.build_bytes_vec().unwrap()
    }

    fn addresses(reply: Reply) -> Vec<IpAddr> {
        let Reply::Answer(bytes) = reply else {
            panic!("no answer: {reply:?}");
        };
        let packet = Packet::parse(&bytes).unwrap();
        assert!(packet.has_flags(PacketFlag::RESPONSE | PacketFlag::RECURSION_AVAILABLE));
        assert_eq!((packet.id(), packet.rcode()), (7, RCODE::NoError));
        let records = packet.answers.iter().map(|record| match &record.rdata {
            RData::A(one) => IpAddr::V4(Ipv4Addr::from(one.address)),
            RData::AAAA(one) => IpAddr::V6(Ipv6Addr::from(one.address)),
            other => panic!("{other:?}"),
        });
        records.collect()
    }

    fn ask(sandbox: u64, name: &str, kind: TYPE) -> Reply {
        table().reply(sandbox, &question(name, kind), Transport::Datagram)
    }

    #[test]
    fn neighbours_are_found_by_every_name_and_nobody_else_is() {
        let web: IpAddr = [10, 1, 0, 2].into();
        for name in ["web", "WEB", "web.front"] {
            assert_eq!(addresses(ask(2, name, TYPE::A)), [web]);
        }
        let long: IpAddr = "fd00::2".parse().unwrap();
        assert_eq!(addresses(ask(2, "web", TYPE::AAAA)), [long]);
        assert_eq!(ask(3, "web", TYPE::A), name_error("web"));
        assert_eq!(
            addresses(ask(1, "api", TYPE::A)),
            [IpAddr::from([10, 1, 0, 3])]
        );
        assert_eq!(
            addresses(ask(3, "server", TYPE::A)),
            [IpAddr::from([10, 2, 0, 3])]
        );
    }

    fn name_error(name: &str) -> Reply {
        let bytes = question(name, TYPE::A);
        let packet = Packet::parse(&bytes).unwrap();
        answer(&packet, RCODE::NameError, Vec::new(), Transport::Datagram)
    }

    #[test]
    fn a_name_without_such_an_address_is_no_unknown_name() {
        assert!(addresses(ask(1, "api", TYPE::AAAA)).is_empty());
        assert!(addresses(ask(1, "api", TYPE::MX)).is_empty());
    }

    #[test]
    fn those_who_share_a_name_have_their_turn() {
        let mut table = table();
        let mut first =
            || addresses(table.reply(1, &question("www", TYPE::A), Transport::Datagram));
        let (one, other) = (first(), first());
        assert_eq!(one.len(), 2);
        assert_eq!(
            one.iter().rev().collect::<Vec<_>>(),
            other.iter().collect::<Vec<_>>()
        );
    }

    #[test]
    fn addresses_lead_back_to_names() {
        let pointed = |name: &str| match ask(2, name, TYPE::PTR) {
            Reply::Answer(bytes) => {
                let packet = Packet::parse(&bytes).unwrap();
                let RData::PTR(PTR(name)) = &packet.answers[0].rdata else {
                    panic!("{packet:?}");
                };
                name.to_string()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(pointed("2.0.1.10.in-addr.arpa"), "web.front");
        let digits = "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f";
        assert_eq!(pointed(&format!("{digits}.ip6.arpa")), "web.front");
        let outside = Reply::Ask(Vec::new());
        assert_eq!(ask(1, "4.0.2.10.in-addr.arpa", TYPE::PTR), outside);
        assert_eq!(ask(1, "x.in-addr.arpa", TYPE::PTR), outside);
    }

    #[test]
    fn other_names_are_asked_outside_but_not_from_an_internal_network() {
        assert_eq!(ask(1, "example.com", TYPE::A), Reply::Ask(Vec::new()));
        assert_eq!(ask(9, "web", TYPE::A), Reply::Ask(Vec::new()));
        assert_eq!(ask(3, "example.com", TYPE::A), name_error("example.com"));
        let mut table = table();
        let server: IpAddr = [192, 0, 2, 53].into();
        table.set(Names {
            servers: vec![server],
            ..names(1, Vec::new())
        });
        let asked = table.reply(1, &question("web", TYPE::A), Transport::Datagram);
        assert_eq!(asked, Reply::Ask(vec![server]));
    }

    #[test]
    fn what_is_too_long_for_a_datagram_is_to_be_asked_for_by_stream() {
        let mut table = NameTable::default();
        for number in 0..100 {
            table.set(names(
                number,
                vec![place("n", &["x"], [10, 0, 0, number as u8], None)],
            ));
        }
        let message = question("x", TYPE::A);
        let Reply::Answer(short) = table.reply(0, &message, Transport::Datagram) else {
            panic!();
        };
        let packet = Packet::parse(&short).unwrap();
        assert!(packet.has_flags(PacketFlag::TRUNCATION) && packet.answers.is_empty());
        assert_eq!(
            addresses(table.reply(0, &message, Transport::Stream)).len(),
            100
        );
    }

    #[test]
    fn what_is_no_question_gets_a_format_error_or_nothing() {
        let mut table = table();
        let mut reply = |message: &[u8]| table.reply(1, message, Transport::Datagram);
        assert_eq!(reply(&[]), Reply::Ignore);
        assert_eq!(reply(&[0; 11]), Reply::Ignore);
        let mut response = question("web", TYPE::A);
        response[2] |= 0x80;
        assert_eq!(reply(&response), Reply::Ignore);
        // A name that points at itself.
        let mut loops = question("web", TYPE::A);
        loops.truncate(HEADER);
        loops.extend([0xc0, 12, 0, 1, 0, 1]);
        let Reply::Answer(answer) = reply(&loops) else {
            panic!();
        };
        assert_eq!((answer.len(), answer[3] & 15), (HEADER, 1));
    }

    #[test]
    fn no_bytes_are_too_strange() {
        let mut table = table();
        let mut state: u64 = 1;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as u8
        };
        let whole = question("web.front", TYPE::A);
        for _ in 0..20_000 {
            let mut message = whole.clone();
            for _ in 0..=next() % 6 {
                let at = usize::from(next()) % message.len();
                message[at] = next();
            }
            message.truncate(usize::from(next()) % 64);
            table.reply(1, &message, Transport::Datagram);
        }
    }
}
