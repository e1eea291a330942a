//! Records of Docker's json-file format.

use crate::monitor::stream::Stream;

/// Longest part of a line in one record, in bytes of output.
pub const PART: usize = 16 * 1024;

/// Appends a record and its newline. JSON cannot hold bytes that are not UTF-8: each becomes U+FFFD, and tbox's own
/// field `hex` has all bytes of the record.
pub fn append(buffer: &mut Vec<u8>, stream: Stream, text: &[u8], time: &str) {
    buffer.extend_from_slice(b"{\"log\":\"");
    for chunk in text.utf8_chunks() {
        append_escaped(buffer, chunk.valid());
        for _ in chunk.invalid() {
            buffer.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    buffer.extend_from_slice(b"\",\"stream\":\"");
    buffer.extend_from_slice(stream.name().as_bytes());
    buffer.extend_from_slice(b"\",\"time\":\"");
    buffer.extend_from_slice(time.as_bytes());
    buffer.push(b'"');
    if std::str::from_utf8(text).is_err() {
        buffer.extend_from_slice(b",\"hex\":\"");
        for byte in text {
            push_hex(buffer, *byte);
        }
        buffer.push(b'"');
    }
    buffer.extend_from_slice(b"}\n");
}

/// Returns the end of a part of at most `limit` bytes that splits no character.
pub fn part_end(text: &[u8], limit: usize) -> usize {
    if text.len() <= limit {
        return text.len();
    }
    let is_continuation = |byte: u8| byte & 0xc0 == 0x80;
    for start in (limit.saturating_sub(3)..limit).rev() {
        let length = match text[start] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            byte if is_continuation(byte) => continue,
            _ => return limit,
        };
        let cut =
            start + length > limit && text[start + 1..limit].iter().all(|&b| is_continuation(b));
        return if cut { start } else { limit };
    }
    limit
}

fn append_escaped(buffer: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut clean = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f {
            continue;
        }
        buffer.extend_from_slice(&bytes[clean..index]);
        clean = index + 1;
        match byte {
            b'"' => buffer.extend_from_slice(b"\\\""),
            b'\\' => buffer.extend_from_slice(b"\\\\"),
            b'\n' => buffer.extend_from_slice(b"\\n"),
            b'\r' => buffer.extend_from_slice(b"\\r"),
            b'\t' => buffer.extend_from_slice(b"\\t"),
            _ => {
                buffer.extend_from_slice(b"\\u00");
                push_hex(buffer, byte);
            }
        }
    }
    buffer.extend_from_slice(&bytes[clean..]);
}

fn push_hex(buffer: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
    buffer.extend_from_slice(&[DIGITS[high], DIGITS[low]]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(text: &[u8]) -> String {
        let mut buffer = Vec::new();
        append(
            &mut buffer,
            Stream::Stderr,
            text,
            "2026-01-02T03:04:05.123456789Z",
        );
        assert_eq!(buffer.iter().filter(|&&byte| byte == b'\n').count(), 1);
        let value: serde_json::Value = serde_json::from_slice(&buffer).unwrap();
        assert_eq!(value["stream"], "stderr");
        value["log"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_record_equals_dockers_byte_for_byte() {
        let mut buffer = Vec::new();
        append(
            &mut buffer,
            Stream::Stdout,
            b"a \"b\"\\\n",
            "2026-01-02T03:04:05.123456789Z",
        );
        let expected = concat!(
            r#"{"log":"a \"b\"\\\n","stream":"stdout","time":"2026-01-02T03:04:05.123456789Z"}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(buffer).unwrap(), expected);
    }

    #[test]
    fn every_byte_is_kept_or_becomes_the_replacement_character() {
        let ascii: Vec<u8> = (0..128).collect();
        assert_eq!(log_of(&ascii).as_bytes(), ascii);
        assert_eq!(log_of("grüße €😀".as_bytes()), "grüße €😀");
        assert_eq!(
            log_of(b"a\xff\xfeb\xe2\x82"),
            "a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn bytes_that_are_not_text_are_in_a_field_of_their_own() {
        let mut buffer = Vec::new();
        append(&mut buffer, Stream::Stdout, b"a\xff\n", "now");
        let value: serde_json::Value = serde_json::from_slice(&buffer).unwrap();
        assert_eq!(value["hex"], "61ff0a");
        assert_eq!(value["log"], "a\u{fffd}\n");
    }

    #[test]
    fn parts_end_between_characters() {
        assert_eq!(part_end(b"abcdef", 4), 4);
        assert_eq!(part_end(b"abc", 4), 3);
        assert_eq!(part_end("abc€".as_bytes(), 4), 3);
        assert_eq!(part_end("abc€".as_bytes(), 5), 3);
        assert_eq!(part_end("ab€d".as_bytes(), 5), 5);
        assert_eq!(part_end("abc😀".as_bytes(), 6), 3);
        assert_eq!(part_end(b"ab\x80\x80\x80\x80\x80", 5), 5);
        assert_eq!(part_end(b"abcd\xffef", 5), 5);
    }
}
