//! The records of PAX extended headers.

use super::entry::{Segment, Time};
use super::error::ArchiveError;
use super::number;
use crate::metadata::Attribute;

/// Fields of the next entry that the records set.
#[derive(Debug, Default)]
pub struct Records {
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub uid: Option<i64>,
    pub gid: Option<i64>,
    pub modified: Option<Time>,
    pub attributes: Vec<Attribute>,
    pub sparse: Sparse,
}

/// Records of GNU's sparse formats: 0.0 (offset and numbytes records), 0.1 (a map record) and 1.0 (a map in the data).
#[derive(Debug, Default)]
pub struct Sparse {
    pub major: Option<u64>,
    pub minor: Option<u64>,
    pub name: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub segments: Vec<Segment>,
    offset: Option<u64>,
}

impl Sparse {
    /// Reports whether the map is at the start of the file's data.
    pub fn map_in_data(&self) -> bool {
        self.major == Some(1) && self.minor == Some(0)
    }
}

/// Prefix of the keys that hold extended attributes.
const ATTRIBUTE: &[u8] = b"SCHILY.xattr.";

/// Parses the records of an extended header that ends before the byte `at`.
pub fn parse(text: &[u8], at: u64) -> Result<Records, ArchiveError> {
    let mut records = Records::default();
    each(text, at, |key, value| {
        records
            .set(key, value)
            .map_err(|fault| ArchiveError::Pax { at, fault })
    })?;
    if records.sparse.offset.is_some() {
        let fault = "a sparse offset without a length";
        return Err(ArchiveError::Pax { at, fault });
    }
    Ok(records)
}

/// Refuses global records that describe entries, because some readers apply them to every entry and some ignore them.
/// Any other record (a comment, a time) is ignored.
pub fn check_global(text: &[u8], at: u64) -> Result<(), ArchiveError> {
    each(text, at, |key, _| match key {
        b"path" | b"linkpath" | b"size" | b"uid" | b"gid" => Err(ArchiveError::Global {
            at,
            key: key.to_vec(),
        }),
        _ if key.starts_with(b"GNU.sparse.") || key.starts_with(ATTRIBUTE) => {
            Err(ArchiveError::Global {
                at,
                key: key.to_vec(),
            })
        }
        _ => Ok(()),
    })
}

/// Calls `consume` with the key and value of each `<length> <key>=<value>\n`.
fn each(
    mut text: &[u8],
    at: u64,
    mut consume: impl FnMut(&[u8], &[u8]) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let malformed = |fault| ArchiveError::Pax { at, fault };
    while !text.is_empty() {
        // The length counts itself, its space and the newline.
        let space = text
            .iter()
            .take(20)
            .position(|byte| *byte == b' ')
            .ok_or_else(|| malformed("no length"))?;
        let length = number::decimal(&text[..space])
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| *length <= text.len() && *length > space + 2)
            .ok_or_else(|| malformed("a wrong length"))?;
        let (record, rest) = text.split_at(length);
        let body = record[space + 1..]
            .strip_suffix(b"\n")
            .ok_or_else(|| malformed("no newline at the end"))?;
        let equals = body
            .iter()
            .position(|byte| *byte == b'=')
            .filter(|index| *index > 0)
            .ok_or_else(|| malformed("no key"))?;
        consume(&body[..equals], &body[equals + 1..])?;
        text = rest;
    }
    Ok(())
}

impl Records {
    /// Sets the field of a record. An empty value keeps the value of the header.
    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        if let Some(name) = key.strip_prefix(ATTRIBUTE) {
            return self.set_attribute(name, value);
        }
        if value.is_empty() {
            return Ok(());
        }
        match key {
            b"path" => self.path = Some(name(value)?),
            b"linkpath" => self.link = Some(name(value)?),
            b"size" => self.size = Some(number(value)?),
            b"uid" => self.uid = Some(id(value)?),
            b"gid" => self.gid = Some(id(value)?),
            b"mtime" => self.modified = Some(number::time(value).ok_or("a malformed time")?),
            _ => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.set(key, value)?;
                }
            }
        }
        Ok(())
    }

    fn set_attribute(&mut self, name: &[u8], value: &[u8]) -> Result<(), &'static str> {
        if name.is_empty() || name.contains(&0) {
            return Err("an attribute without a valid name");
        }
        self.attributes.retain(|attribute| attribute.name != name);
        self.attributes.push(Attribute {
            name: name.to_vec(),
            value: value.to_vec(),
        });
        Ok(())
    }
}

impl Sparse {
    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        match key {
            b"major" => self.major = Some(number(value)?),
            b"minor" => self.minor = Some(number(value)?),
            b"name" => self.name = Some(name(value)?),
            b"size" | b"realsize" => self.size = Some(number(value)?),
            b"offset" if self.offset.is_none() => self.offset = Some(number(value)?),
            b"offset" => return Err("a sparse offset without a length"),
            b"numbytes" => {
                let offset = self
                    .offset
                    .take()
                    .ok_or("a sparse length without an offset")?;
                let length = number(value)?;
                self.segments.push(Segment { offset, length });
            }
            b"map" => self.segments = map(value)?,
            _ => {}
        }
        Ok(())
    }
}

/// Parses `offset,length,offset,length,…`.
fn map(text: &[u8]) -> Result<Vec<Segment>, &'static str> {
    let numbers = text
        .split(|byte| *byte == b',')
        .map(number)
        .collect::<Result<Vec<_>, _>>()?;
    let (pairs, rest) = numbers.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("a sparse map of odd length");
    }
    Ok(pairs
        .iter()
        .map(|[offset, length]| Segment {
            offset: *offset,
            length: *length,
        })
        .collect())
}

fn name(value: &[u8]) -> Result<Vec<u8>, &'static str> {
    if value.contains(&0) {
        return Err("a NUL in a name");
    }
    Ok(value.to_vec())
}

fn number(value: &[u8]) -> Result<u64, &'static str> {
    number::decimal(value).ok_or("a malformed number")
}

fn id(value: &[u8]) -> Result<i64, &'static str> {
    i64::try_from(number(value)?).map_err(|_| "an id that is too large")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_records_win_and_empty_ones_are_ignored() {
        let records = parse(b"9 path=a\n9 path=b\n8 path=\n", 0).unwrap();
        assert_eq!(records.path.as_deref(), Some(&b"b"[..]));
    }

    #[test]
    fn values_may_contain_any_bytes() {
        let records = parse(b"29 SCHILY.xattr.user.x=\n=\0 \xff\n", 0).unwrap();
        assert_eq!(records.attributes[0].name, b"user.x");
        assert_eq!(records.attributes[0].value, b"\n=\0 \xff");
    }

    #[test]
    fn malformed_records_are_refused() {
        for text in [
            &b"9 path=a"[..],
            b"11 path=a\n",
            b"8 path=a\n",
            b"path=a\n",
            b"-9 path=a\n",
            b"5 =a\n",
            b"9 patha\n\n",
            b"11 path=\0a\n",
            b"11 size=-1\n",
            b"99999999999999999999 path=a\n",
            b"23 GNU.sparse.offset=1\n",
        ] {
            assert!(parse(text, 0).is_err(), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn global_headers_may_hold_comments_but_not_names() {
        assert!(check_global(b"14 comment=abc\n", 0).is_err());
        assert!(check_global(b"15 comment=abc\n", 0).is_ok());
        assert!(check_global(b"9 path=a\n", 0).is_err());
    }
}
