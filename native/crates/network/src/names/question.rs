//! The header and the first question of a DNS message (RFC 1035, section 4). Nothing else of a container's message is
//! read, so a message costs the same whatever it contains.

/// Length of the header of every message.
pub const HEADER: usize = 12;

/// Bit of byte 2 of the header: this is a response.
pub const RESPONSE: u8 = 0x80;

/// Length of the longest name in a message.
const LONGEST_NAME: usize = 255;
/// Length of the longest label of a name.
const LONGEST_LABEL: u8 = 63;

/// Size of a datagram for clients that announce no larger one.
const SMALLEST_DATAGRAM: u16 = 512;

/// Record types.
pub const A: u16 = 1;
pub const PTR: u16 = 12;
pub const AAAA: u16 = 28;
pub const ANY: u16 = 255;
/// The type of the pseudo-record in which a client announces its largest datagram (RFC 6891).
const OPT: u16 = 41;

/// The class of the internet.
pub const INTERNET: u16 = 1;

/// Bits of byte 2 of the header: the operation code.
const OPERATION: u8 = 0x78;

/// A question as a container asked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<'a> {
    /// The message's header.
    pub header: &'a [u8],
    /// The name, type and class as they are in the message.
    pub bytes: &'a [u8],
    /// The name without the last dot. A dot inside a label follows a backslash.
    pub name: String,
    pub kind: u16,
    /// Whether it is a standard query of the internet class.
    pub is_internet_query: bool,
    /// Size of the largest datagram that the client accepts.
    pub datagram: usize,
}

/// A message that is not exactly one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// A response, or too short for a header.
    NoQuestion,
    Malformed,
    /// No question, or several.
    Count,
}

impl<'a> Question<'a> {
    pub fn parse(message: &'a [u8]) -> Result<Self, Unreadable> {
        let (header, rest) = message
            .split_at_checked(HEADER)
            .filter(|(header, _)| header[2] & RESPONSE == 0)
            .ok_or(Unreadable::NoQuestion)?;
        let count = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        if count(4) != 1 {
            return Err(Unreadable::Count);
        }
        let (name, length) = parse_name(rest).ok_or(Unreadable::Malformed)?;
        let [a, b, c, d, additional @ ..] = &rest[length..] else {
            return Err(Unreadable::Malformed);
        };
        let class = u16::from_be_bytes([*c, *d]);
        // Answers in a query would precede the pseudo-record.
        let announces = count(6) == 0 && count(8) == 0 && count(10) > 0;
        let announced = announces.then(|| announced(additional)).flatten();
        Ok(Self {
            header,
            bytes: &rest[..length + 4],
            name,
            kind: u16::from_be_bytes([*a, *b]),
            is_internet_query: header[2] & OPERATION == 0 && [INTERNET, ANY].contains(&class),
            datagram: announced.unwrap_or_default().max(SMALLEST_DATAGRAM).into(),
        })
    }
}

/// Reads a name and its length in the message. The first name of a message has nothing before it to point at, so a
/// compressed one is malformed.
fn parse_name(bytes: &[u8]) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut at = 0;
    while at < LONGEST_NAME {
        let length = *bytes.get(at)?;
        at += 1;
        if length == 0 {
            return Some((name, at));
        }
        if length > LONGEST_LABEL {
            return None;
        }
        let label = bytes.get(at..at + usize::from(length))?;
        at += label.len();
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(label).replace('.', "\\."));
    }
    None
}

/// Returns the size in a pseudo-record, if the bytes begin with one.
fn announced(bytes: &[u8]) -> Option<u16> {
    let [0, a, b, high, low, ..] = bytes else {
        return None;
    };
    (u16::from_be_bytes([*a, *b]) == OPT).then(|| u16::from_be_bytes([*high, *low]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(question: &[u8]) -> Vec<u8> {
        let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        message.extend(question);
        message
    }

    #[test]
    fn the_announced_size_of_datagrams_is_read_behind_the_question() {
        let mut with_size = message(&[1, b'a', 0, 0, 1, 0, 1]);
        assert_eq!(Question::parse(&with_size).unwrap().datagram, 512);
        with_size[11] = 1;
        with_size.extend([0, 0, 41, 0x04, 0xd0]);
        assert_eq!(Question::parse(&with_size).unwrap().datagram, 1232);
    }

    #[test]
    fn a_name_has_at_most_255_bytes_and_no_pointer() {
        let labels = |count: usize| {
            let mut question = [63].into_iter().chain([b'a'; 63]).collect::<Vec<u8>>();
            question = question.repeat(count);
            question.extend([0, 0, 1, 0, 1]);
            message(&question)
        };
        assert_eq!(Question::parse(&labels(3)).unwrap().name.len(), 3 * 64 - 1);
        assert_eq!(Question::parse(&labels(4)), Err(Unreadable::Malformed));
        let pointer = message(&[1, b'a', 0xc0, 12, 0, 1, 0, 1]);
        assert_eq!(Question::parse(&pointer), Err(Unreadable::Malformed));
    }

    #[test]
    fn a_dot_in_a_label_is_no_boundary_of_labels() {
        let question = message(&[3, b'a', b'.', b'b', 0, 0, 1, 0, 1]);
        assert_eq!(Question::parse(&question).unwrap().name, "a\\.b");
    }

    /// `TBOX_TEST_FUZZ_MS` is the time in milliseconds.
    #[test]
    fn changed_messages_are_read_or_refused() {
        let time = std::env::var("TBOX_TEST_FUZZ_MS").ok();
        let time = time.and_then(|text| text.parse().ok()).unwrap_or(300);
        let end = std::time::Instant::now() + std::time::Duration::from_millis(time);
        let mut with_size = message(&[3, b'a', b'.', b'b', 1, b'c', 0, 0, 1, 0, 1]);
        with_size[11] = 1;
        with_size.extend([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
        let mut seed = 1_u64;
        let mut below = |limit: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % limit.max(1)
        };
        while std::time::Instant::now() < end {
            let mut bytes = with_size.clone();
            for _ in 0..=below(5) {
                let at = below(bytes.len());
                match below(4) {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, below(256) as u8),
                    _ if bytes.is_empty() => {}
                    _ => bytes[at] = below(256) as u8,
                }
            }
            if let Ok(question) = Question::parse(&bytes) {
                assert!(question.bytes.len() + HEADER <= bytes.len(), "{bytes:?}");
                // Each byte of a label is at most four characters: a backslash and three digits.
                assert!(question.name.len() <= 4 * LONGEST_NAME, "{bytes:?}");
                assert!(
                    question.datagram >= usize::from(SMALLEST_DATAGRAM),
                    "{bytes:?}"
                );
            }
        }
    }
}
