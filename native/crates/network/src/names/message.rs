//! DNS messages (RFC 1035) that the name server writes or checks itself.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::question::{self, HEADER, Question, RESPONSE};

/// Time to live of an answer in seconds: a restarted container has another address.
const TIME_TO_LIVE: u32 = 5;

/// Bytes 2 and 3 of the header: AA (authoritative), TC (truncated), RD (recursion desired), RA (recursion available), and
/// response codes.
const AUTHORITATIVE: u8 = 4;
const TRUNCATED: u8 = 2;
const RECURSION_DESIRED: u8 = 1;
const RECURSION_AVAILABLE: u8 = 0x80;
const NO_ERROR: u8 = 0;
const FORMAT_ERROR: u8 = 1;
const SERVER_FAILURE: u8 = 2;
const NAME_ERROR: u8 = 3;
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

/// Returns a response with the code "format error", or `None` if the message is not a question.
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

/// The data of a resource record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
    /// A name that an address belongs to.
    Pointer(String),
}

impl Record {
    /// Returns the record's type and data; `None` for a name that no message can contain.
    fn encode(&self) -> Option<(u16, Vec<u8>)> {
        Some(match self {
            Self::Ipv4(address) => (question::A, address.octets().to_vec()),
            Self::Ipv6(address) => (question::AAAA, address.octets().to_vec()),
            Self::Pointer(name) => (question::PTR, encode_name(name)?),
        })
    }
}

fn encode_name(name: &str) -> Option<Vec<u8>> {
    const LONGEST_LABEL: usize = 63;
    const LONGEST_NAME: usize = 255;
    let mut bytes = Vec::new();
    for label in name.split('.') {
        if label.is_empty() || label.len() > LONGEST_LABEL {
            return None;
        }
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    (bytes.len() <= LONGEST_NAME).then_some(bytes)
}

/// Returns a response with these records, truncated if it does not fit into the client's datagrams.
pub fn records(question: &Question<'_>, records: &[Record], transport: Transport) -> Vec<u8> {
    let mut answer = response(question, NO_ERROR);
    let mut count: u16 = 0;
    for (kind, data) in records.iter().filter_map(Record::encode) {
        // A pointer to the question's name, which follows the header.
        answer.extend([0xc0, HEADER as u8]);
        answer.extend(kind.to_be_bytes());
        answer.extend(question::INTERNET.to_be_bytes());
        answer.extend(TIME_TO_LIVE.to_be_bytes());
        answer.extend((data.len() as u16).to_be_bytes());
        answer.extend(data);
        count += 1;
    }
    answer[6..8].copy_from_slice(&count.to_be_bytes());
    if transport == Transport::Datagram && answer.len() > question.datagram {
        answer = response(question, NO_ERROR);
        answer[2] |= TRUNCATED;
    }
    answer
}

/// Returns a response with the code "no such name".
pub fn name_error(question: &Question<'_>) -> Vec<u8> {
    response(question, NAME_ERROR)
}

/// Returns a response without records.
fn response(question: &Question<'_>, code: u8) -> Vec<u8> {
    let mut answer = question.header.to_vec();
    answer[2] = RESPONSE | AUTHORITATIVE | question.header[2] & RECURSION_DESIRED;
    answer[3] = RECURSION_AVAILABLE | code;
    answer[4..].fill(0);
    answer[5] = 1;
    answer.extend(question.bytes);
    answer
}
