//! Numbers and times in tar headers.

use super::entry::Time;

/// Parses a header field: octal text, or big-endian two's complement if the first bit is set.
pub fn field(bytes: &[u8]) -> Option<i64> {
    match bytes.first() {
        Some(first) if first & 0x80 != 0 => binary(bytes),
        _ => octal(bytes),
    }
}

fn binary(bytes: &[u8]) -> Option<i64> {
    let negative = bytes[0] & 0x40 != 0;
    let mut value: i128 = if negative { -1 } else { 0 };
    for (index, byte) in bytes.iter().enumerate() {
        // The first bit is only the marker; the second one is the sign.
        let byte = match (index, negative) {
            (0, false) => byte & 0x7f,
            (0, true) => byte | 0x80,
            _ => *byte,
        };
        value = value.checked_mul(256)? | i128::from(byte);
        i64::try_from(value).ok()?;
    }
    i64::try_from(value).ok()
}

fn octal(bytes: &[u8]) -> Option<i64> {
    let start = bytes
        .iter()
        .position(|byte| !matches!(byte, 0 | b' '))
        .unwrap_or(bytes.len());
    let text = bytes[start..].split(|byte| *byte == 0).next()?;
    let mut value: i64 = 0;
    for byte in text.trim_ascii_end() {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 8)?;
        value = value.checked_mul(8)?.checked_add(i64::from(digit))?;
    }
    Some(value)
}

/// Parses decimal digits without a sign, the form of PAX records and GNU's sparse maps.
pub fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Parses a PAX time: `[-]seconds[.fraction]`. Seconds beyond 64 bits are clamped, digits beyond nanoseconds dropped.
pub fn time(text: &[u8]) -> Option<Time> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let whole = parts.next()?;
    let fraction = parts.next().unwrap_or_default();
    if whole.is_empty() || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let seconds = decimal(whole)
        .and_then(|seconds| i64::try_from(seconds).ok())
        .unwrap_or(i64::MAX);
    let nanoseconds = (0..9).fold(0, |value, index| {
        value * 10 + u32::from(fraction.get(index).unwrap_or(&b'0') - b'0')
    });
    Some(match (negative, nanoseconds) {
        (false, _) => Time {
            seconds,
            nanoseconds,
        },
        (true, 0) => Time {
            seconds: -seconds,
            nanoseconds: 0,
        },
        (true, _) => Time {
            seconds: (-seconds).saturating_sub(1),
            nanoseconds: 1_000_000_000 - nanoseconds,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_fields_may_be_padded_with_zeros_spaces_and_nuls() {
        assert_eq!(field(b"0000644\0"), Some(0o644));
        assert_eq!(field(b"   644 \0"), Some(0o644));
        assert_eq!(field(b"\0\0\0\0\0\0\0\0"), Some(0));
        assert_eq!(field(b"77777777"), Some(0o77_777_777));
        assert_eq!(field(b"0000648\0"), None);
        assert_eq!(field(b"-000644\0"), None);
    }

    #[test]
    fn base_256_fields_may_be_negative() {
        assert_eq!(
            field(&[0x80, 0, 0, 0, 0, 0x2d, 0xc6, 0xc0]),
            Some(3_000_000)
        );
        assert_eq!(field(&[0xff; 12]), Some(-1));
        let mut negative = [0xff; 12];
        negative[4..].copy_from_slice(&(-1_000_000_000i64).to_be_bytes());
        assert_eq!(field(&negative), Some(-1_000_000_000));
        let mut largest = [0; 12];
        largest[0] = 0x80;
        largest[4..].copy_from_slice(&i64::MAX.to_be_bytes());
        assert_eq!(field(&largest), Some(i64::MAX));
        largest[3] = 1;
        assert_eq!(field(&largest), None);
    }

    #[test]
    fn times_may_have_fractions_before_and_after_the_epoch() {
        let at = |seconds, nanoseconds| {
            Some(Time {
                seconds,
                nanoseconds,
            })
        };
        assert_eq!(
            time(b"1700000000.123456789"),
            at(1_700_000_000, 123_456_789)
        );
        assert_eq!(time(b"1.5"), at(1, 500_000_000));
        assert_eq!(time(b"-1.25"), at(-2, 750_000_000));
        assert_eq!(time(b"99999999999999999999"), at(i64::MAX, 0));
        assert_eq!(time(b"1.0000000019"), at(1, 1));
        assert_eq!(time(b""), None);
        assert_eq!(time(b"1e9"), None);
    }
}
