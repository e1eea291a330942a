//! Names of entries, as paths below a layer's root.

use super::problem::Problem;

/// Longest path: the kernel's `PATH_MAX` without its NUL. The length also limits the depth of one entry.
pub const MAX_PATH: usize = 4095;
/// Longest part of a path, in bytes.
const MAX_PART: usize = 255;

const WHITEOUT: &[u8] = b".wh.";
/// Prefix of the names that aufs keeps for itself. Only its mark of an opaque directory has a meaning in layers.
const AUFS: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// A clean relative path: parts separated by single slashes, none of them `.` or `..`. The root is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPath {
    bytes: Vec<u8>,
    /// Start of the last part.
    name: usize,
}

/// Meaning of an entry's name.
#[derive(Debug, PartialEq, Eq)]
pub enum EntryName {
    /// The layer's root.
    Root,
    Plain(EntryPath),
    /// A whiteout: the path in lower layers is hidden.
    Whiteout(EntryPath),
    /// An opaque directory: its content in lower layers is hidden. The path is empty for the root.
    Opaque(Vec<u8>),
    /// A name without a meaning in layers.
    Ignored,
}

impl EntryName {
    pub fn parse(raw: &[u8]) -> Result<Self, Problem> {
        let path = EntryPath::parse(raw)?;
        if path.bytes.is_empty() {
            return Ok(Self::Root);
        }
        if path.bytes.starts_with(AUFS) && path.bytes != OPAQUE {
            return Ok(Self::Ignored);
        }
        if path
            .parent()
            .split(is_slash)
            .any(|part| part.starts_with(WHITEOUT))
        {
            return Err(Problem::Reserved);
        }
        if path.name() == OPAQUE {
            return Ok(Self::Opaque(path.parent().to_vec()));
        }
        match path.name().strip_prefix(WHITEOUT) {
            None => Ok(Self::Plain(path)),
            Some(b"" | b"." | b"..") => Err(Problem::Reserved),
            Some(hidden) if hidden.starts_with(WHITEOUT) => Ok(Self::Ignored),
            Some(hidden) => {
                let bytes = [&path.bytes[..path.name], hidden].concat();
                Ok(Self::Whiteout(EntryPath {
                    bytes,
                    name: path.name,
                }))
            }
        }
    }
}

impl EntryPath {
    /// Cleans a path without looking at the tree: `/a/./b/../c` becomes `a/c`. Refuses a path that leads out of the root.
    pub fn parse(raw: &[u8]) -> Result<Self, Problem> {
        let mut bytes = Vec::with_capacity(raw.len());
        for part in raw.split(is_slash) {
            match part {
                b"" | b"." => {}
                b".." => {
                    if bytes.is_empty() {
                        return Err(Problem::Outside);
                    }
                    bytes.truncate(last_part(&bytes).saturating_sub(1));
                }
                _ if part.len() > MAX_PART => return Err(Problem::LongPart(MAX_PART)),
                _ => {
                    if !bytes.is_empty() {
                        bytes.push(b'/');
                    }
                    bytes.extend_from_slice(part);
                }
            }
        }
        if bytes.len() > MAX_PATH {
            return Err(Problem::LongName(MAX_PATH));
        }
        let name = last_part(&bytes);
        Ok(Self { bytes, name })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the path of the parent directory; empty for the root.
    pub fn parent(&self) -> &[u8] {
        &self.bytes[..self.name.saturating_sub(1)]
    }

    pub fn name(&self) -> &[u8] {
        &self.bytes[self.name..]
    }
}

pub fn is_slash(byte: &u8) -> bool {
    *byte == b'/'
}

fn last_part(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(is_slash)
        .map_or(0, |slash| slash + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(raw: &[u8]) -> Option<Vec<u8>> {
        EntryPath::parse(raw).ok().map(|path| path.bytes)
    }

    #[test]
    fn paths_are_cleaned_without_looking_at_the_tree() {
        for (raw, expected) in [
            ("/etc/x", "etc/x"),
            ("./etc/y", "etc/y"),
            ("a/../etc/z", "etc/z"),
            ("dir//f/", "dir/f"),
            ("dir/./g", "dir/g"),
            ("a/b/../../c", "c"),
            ("/.", ""),
            ("", ""),
            ("a/..", ""),
            ("...", "..."),
        ] {
            assert_eq!(clean(raw.as_bytes()).as_deref(), Some(expected.as_bytes()));
        }
        for raw in ["..", "../x", "a/../../x", "/..", "./.."] {
            assert_eq!(clean(raw.as_bytes()), None, "{raw}");
        }
    }

    #[test]
    fn a_path_splits_into_its_parent_and_its_name() {
        let path = EntryPath::parse(b"a/b/c").unwrap();
        assert_eq!((path.parent(), path.name()), (&b"a/b"[..], &b"c"[..]));
        let path = EntryPath::parse(b"a").unwrap();
        assert_eq!((path.parent(), path.name()), (&b""[..], &b"a"[..]));
    }

    #[test]
    fn only_the_last_part_may_be_a_whiteout() {
        let whiteout = |raw: &[u8]| match EntryName::parse(raw) {
            Ok(EntryName::Whiteout(path)) => path.bytes,
            other => panic!("{other:?}"),
        };
        assert_eq!(whiteout(b"a/.wh.b"), b"a/b");
        assert_eq!(whiteout(b".wh.b"), b"b");
        assert!(
            matches!(EntryName::parse(b"d/.wh..wh..opq"), Ok(EntryName::Opaque(d)) if d == b"d")
        );
        assert!(matches!(
            EntryName::parse(b".wh..wh.plnk/1"),
            Ok(EntryName::Ignored)
        ));
        for raw in ["a/.wh.", ".wh..", ".wh...", "a/.wh.b/c"] {
            assert!(
                matches!(EntryName::parse(raw.as_bytes()), Err(Problem::Reserved)),
                "{raw}"
            );
        }
    }
}
