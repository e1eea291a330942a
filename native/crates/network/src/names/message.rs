//! DNS messages (RFC 1035) that the name server writes or checks itself.

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Packet, PacketFlag, RCODE, ResourceRecord};

/// Length of the header of every message.
pub const HEADER: usize = 12;

/// Time to live of an answer in seconds: a restarted container has another address.
const TIME_TO_LIVE: u32 = 5;

/// Size of a datagram for clients that announce no larger one.
const SMALLEST_DATAGRAM: usize = 512;

/// Bytes 2 and 3 of the header: QR (this is a response), RA (recursion available), and response codes.
const RESPONSE: u8 = 0x80;
const RECURSION_AVAILABLE: u8 = 0x80;
const FORMAT_ERROR: u8 = 1;
const SERVER_FAILURE: u8 = 2;
/// Bits of byte 3 that a response repeats.
const REPEATED: u8 = 0x70;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Datagram,
    Stream,
}

/// Returns whether a message is a response to this question.
pub fn is_response_to(answer: &[u8], question: &[u8]) -> bool {
    answer.len() >= HEADER && answer[..2] == question[..2] && answer[2] & RESPONSE != 0
}

/// Turns a question, which has at least a header, into a response with the code "server failure".
pub fn server_failure(mut question: Vec<u8>) -> Vec<u8> {
    question[2] |= RESPONSE;
    question[3] = question[3] & REPEATED | RECURSION_AVAILABLE | SERVER_FAILURE;
    question
}

/// Returns a response with the code "format error", or `None` if the message is no question.
pub fn format_error(message: &[u8]) -> Option<Vec<u8>> {
    if message.len() < HEADER || message[2] & RESPONSE != 0 {
        return None;
    }
    let mut answer = message[..HEADER].to_vec();
    answer[2] |= RESPONSE;
    answer[3] = FORMAT_ERROR;
    // No counts: only the header of the malformed question is known.
    answer[4..].fill(0);
    Some(answer)
}

/// Writes a response with these records. It is truncated if it does not fit into the client's datagrams. `None` if it
/// cannot be written.
pub fn response(
    question: &Packet<'_>,
    code: RCODE,
    records: Vec<RData<'static>>,
    transport: Transport,
) -> Option<Vec<u8>> {
    let mut packet = Packet::new_reply(question.id());
    packet.set_flags(PacketFlag::RECURSION_AVAILABLE | PacketFlag::AUTHORITATIVE_ANSWER);
    if question.has_flags(PacketFlag::RECURSION_DESIRED) {
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    *packet.rcode_mut() = code;
    packet.questions.clone_from(&question.questions);
    if let Some(name) = question.questions.first().map(|first| first.qname.clone()) {
        packet.answers = records
            .into_iter()
            .map(|data| ResourceRecord::new(name.clone(), CLASS::IN, TIME_TO_LIVE, data))
            .collect();
    }
    let bytes = packet.build_bytes_vec_compressed().ok()?;
    let room = question.opt().map_or(SMALLEST_DATAGRAM, |opt| {
        usize::from(opt.udp_packet_size).max(SMALLEST_DATAGRAM)
    });
    if transport == Transport::Stream || bytes.len() <= room {
        return Some(bytes);
    }
    packet.answers.clear();
    packet.set_flags(PacketFlag::TRUNCATION);
    Some(packet.build_bytes_vec_compressed().unwrap_or_default())
}
