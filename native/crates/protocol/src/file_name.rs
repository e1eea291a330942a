//! Names of files as text.
//!
//! Linux allows any bytes in a name. Each byte that is not part of valid UTF-8 becomes a character of the last private
//! range of Unicode, so that JSON can hold the text and the text converts back to the same bytes. A name that contains
//! such characters itself survives by the same rule. `src/support/file-name.ts` is the counterpart in TypeScript.

use std::borrow::Cow;

/// Character for the byte 0.
const FIRST: u32 = 0x0010_FF00;

/// Returns the text for the bytes of a name or path.
pub fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if byte_of(character).is_some() {
                let mut buffer = [0; 4];
                push_bytes(&mut text, character.encode_utf8(&mut buffer).as_bytes());
            } else {
                text.push(character);
            }
        }
        push_bytes(&mut text, chunk.invalid());
    }
    text
}

/// Returns the bytes of a name or path that a text stands for.
pub fn to_bytes(text: &str) -> Cow<'_, [u8]> {
    if text.chars().all(|character| byte_of(character).is_none()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte_of(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

fn byte_of(character: char) -> Option<u8> {
    let offset = u32::from(character).checked_sub(FIRST)?;
    u8::try_from(offset).ok()
}

fn push_bytes(text: &mut String, bytes: &[u8]) {
    text.extend(
        bytes
            .iter()
            .filter_map(|byte| char::from_u32(FIRST + u32::from(*byte))),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_survives_as_text() {
        let names: [&[u8]; 7] = [
            b"plain",
            "na\u{ef}ve \u{6587}".as_bytes(),
            b"\xff",
            b"a\xe2\x82b\xf0\x9f\x8e",
            "\u{10ffff}\u{10ff2f}".as_bytes(),
            "\u{fffd}".as_bytes(),
            b"caf\xe9",
        ];
        for name in names {
            assert_eq!(&*to_bytes(&to_text(name)), name);
        }
    }

    #[test]
    fn both_languages_use_the_same_text() {
        assert_eq!(to_text(b"a\xffb"), "a\u{10ffff}b");
        assert_eq!(to_text("na\u{ef}ve".as_bytes()), "na\u{ef}ve");
    }
}
