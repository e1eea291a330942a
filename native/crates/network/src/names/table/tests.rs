use super::*;
use protocol::net::Link;
use simple_dns::rdata::{PTR, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE};

fn on(network: &str, names: &[&str], ipv4: [u8; 4], ipv6: Option<&str>) -> NetworkNames {
    NetworkNames {
        network: network.to_owned(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
        ipv4: ipv4.into(),
        ipv6: ipv6.map(|text| text.parse().unwrap()),
    }
}

fn names(namespace: u64, networks: Vec<NetworkNames>) -> Names {
    Names {
        namespace,
        networks,
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
        vec![on(
            "front",
            &["web.front", "web", "www"],
            web,
            Some("fd00::2"),
        )],
    ));
    let front = on("front", &["api.front", "api", "www"], [10, 1, 0, 3], None);
    let back = on("back", &["api.back", "api"], [10, 2, 0, 3], None);
    table.set(names(2, vec![front, back]));
    table.set(Names {
        outside: false,
        links: vec![Link {
            alias: "server".to_owned(),
            name: "api".to_owned(),
        }],
        ..names(3, vec![on("back", &["db.back", "db"], [10, 2, 0, 4], None)])
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

fn ask(namespace: u64, name: &str, kind: TYPE) -> Reply {
    table().reply(namespace, &question(name, kind), Transport::Datagram)
}

#[test]
fn a_container_finds_containers_on_its_networks_by_every_name() {
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
    let question = super::Question::parse(&bytes).unwrap();
    Reply::Answer(message::name_error(&question))
}

#[test]
fn a_known_name_without_a_record_of_the_type_has_an_empty_answer() {
    assert!(addresses(ask(1, "api", TYPE::AAAA)).is_empty());
    assert!(addresses(ask(1, "api", TYPE::MX)).is_empty());
}

#[test]
fn containers_that_share_a_name_take_turns_at_the_first_position() {
    let mut table = table();
    let mut first = || addresses(table.reply(1, &question("www", TYPE::A), Transport::Datagram));
    let (one, other) = (first(), first());
    assert_eq!(one.len(), 2);
    assert_eq!(
        one.iter().rev().collect::<Vec<_>>(),
        other.iter().collect::<Vec<_>>()
    );
}

#[test]
fn a_reverse_question_returns_the_first_name() {
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
    let outside = Reply::Forward(Vec::new());
    assert_eq!(ask(1, "4.0.2.10.in-addr.arpa", TYPE::PTR), outside);
    assert_eq!(ask(1, "x.in-addr.arpa", TYPE::PTR), outside);
}

#[test]
fn unknown_names_are_forwarded_but_not_from_an_internal_network() {
    assert_eq!(ask(1, "example.com", TYPE::A), Reply::Forward(Vec::new()));
    assert_eq!(ask(9, "web", TYPE::A), Reply::Forward(Vec::new()));
    assert_eq!(ask(3, "example.com", TYPE::A), name_error("example.com"));
    let mut table = table();
    let server: IpAddr = [192, 0, 2, 53].into();
    table.set(Names {
        servers: vec![server],
        ..names(1, Vec::new())
    });
    let asked = table.reply(1, &question("web", TYPE::A), Transport::Datagram);
    assert_eq!(asked, Reply::Forward(vec![server]));
}

#[test]
fn an_answer_too_long_for_a_datagram_is_truncated() {
    let mut table = NameTable::default();
    for number in 0..100 {
        table.set(names(
            number,
            vec![on("n", &["x"], [10, 0, 0, number as u8], None)],
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
fn a_malformed_question_gets_a_format_error_and_other_messages_nothing() {
    let mut table = table();
    let mut reply = |message: &[u8]| table.reply(1, message, Transport::Datagram);
    assert_eq!(reply(&[]), Reply::Ignore);
    assert_eq!(reply(&[0; 11]), Reply::Ignore);
    let mut response = question("web", TYPE::A);
    response[2] |= 0x80;
    assert_eq!(reply(&response), Reply::Ignore);
    // A compressed name that points at itself.
    let mut loops = question("web", TYPE::A);
    loops.truncate(HEADER);
    loops.extend([0xc0, 12, 0, 1, 0, 1]);
    let Reply::Answer(answer) = reply(&loops) else {
        panic!();
    };
    assert_eq!((answer.len(), answer[3] & 15), (HEADER, 1));
}

#[test]
fn random_changes_of_a_message_cause_no_panic() {
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

/// Returns a message of the greatest length: a question, a record that contains a chain of pointers, and records whose
/// names lead through the chain.
fn chain_of_pointers() -> Vec<u8> {
    const CHAIN: usize = 16_000;
    let mut message = question("example.com", TYPE::A);
    let mut count: u16 = 1;
    // A record of an unknown type, with a name of no labels.
    message.extend([0, 0xff, 0, 0, 1, 0, 0, 0, 0]);
    message.extend((CHAIN as u16).to_be_bytes());
    let start = message.len();
    message.extend([0, 0]);
    while message.len() < start + CHAIN {
        let previous = (message.len() - 2) as u16;
        message.extend((0xc000 | previous).to_be_bytes());
    }
    let last = (message.len() - 2) as u16;
    while message.len() < 65_000 {
        message.extend((0xc000 | last).to_be_bytes());
        message.extend([0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        count += 1;
    }
    message[6..8].copy_from_slice(&count.to_be_bytes());
    message
}

#[test]
fn a_message_costs_the_same_whatever_follows_its_question() {
    let mut table = table();
    let mut time = |message: &[u8]| {
        let start = std::time::Instant::now();
        for _ in 0..200 {
            table.reply(1, message, Transport::Datagram);
        }
        start.elapsed()
    };
    time(&question("example.com", TYPE::A));
    let long = time(&chain_of_pointers());
    // A message that is parsed as a whole takes more than that alone.
    assert!(long.as_millis() < 50, "{long:?}");
}
