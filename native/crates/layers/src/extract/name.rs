//! Names of entries as paths below a layer's root.

use super::Problem;

/// The kernel's PATH_MAX without its NUL. It also bounds how deep one entry can reach.
pub const MAX_PATH: usize = 4095;
const MAX_PART: usize = 255;

const WHITEOUT: &[u8] = b".wh.";
/// What a union file system of old kept for itself; only the mark of an opaque directory matters.
const UNION: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// A clean relative path: parts separated by single slashes, none `.` or `..`; empty is the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    bytes: Vec<u8>,
    /// Where the last part starts.
    name: usize,
}

/// What the name of an entry asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Name {
    /// The layer's root itself.
    Root,
    Plain(Path),
    /// Something of lower layers to hide.
    Whiteout(Path),
    /// A directory, empty for the root, of which nothing of lower layers is to be seen.
    Opaque(Vec<u8>),
    /// Nothing to unpack.
    Ignored,
}

impl Name {
    pub fn parse(raw: &[u8]) -> Result<Self, Problem> {
        let path = Path::parse(raw)?;
        if path.bytes.is_empty() {
            return Ok(Self::Root);
        }
        if path.bytes.starts_with(UNION) && path.bytes != OPAQUE {
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
                Ok(Self::Whiteout(Path {
                    bytes,
                    name: path.name,
                }))
            }
        }
    }
}

impl Path {
    /// Cleans `raw` by its letters alone: `/a/./b/../c` is `a/c`. Leading out of the root is refused.
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

    /// The path of the directory it lies in; empty for the root.
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
        Path::parse(raw).ok().map(|path| path.bytes)
    }

    #[test]
    fn paths_are_cleaned_by_their_letters() {
        for (raw, wanted) in [
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
            assert_eq!(clean(raw.as_bytes()).as_deref(), Some(wanted.as_bytes()));
        }
        for raw in ["..", "../x", "a/../../x", "/..", "./.."] {
            assert_eq!(clean(raw.as_bytes()), None, "{raw}");
        }
    }

    #[test]
    fn the_last_part_and_its_directory_are_told_apart() {
        let path = Path::parse(b"a/b/c").unwrap();
        assert_eq!((path.parent(), path.name()), (&b"a/b"[..], &b"c"[..]));
        let path = Path::parse(b"a").unwrap();
        assert_eq!((path.parent(), path.name()), (&b""[..], &b"a"[..]));
    }

    #[test]
    fn marks_of_deletion_are_recognised_only_at_the_end() {
        let whiteout = |raw: &[u8]| match Name::parse(raw) {
            Ok(Name::Whiteout(path)) => path.bytes,
            other => panic!("{other:?}"),
        };
        assert_eq!(whiteout(b"a/.wh.b"), b"a/b");
        assert_eq!(whiteout(b".wh.b"), b"b");
        assert!(matches!(Name::parse(b"d/.wh..wh..opq"), Ok(Name::Opaque(d)) if d == b"d"));
        assert!(matches!(Name::parse(b".wh..wh.plnk/1"), Ok(Name::Ignored)));
        for raw in ["a/.wh.", ".wh..", ".wh...", "a/.wh.b/c"] {
            assert!(
                matches!(Name::parse(raw.as_bytes()), Err(Problem::Reserved)),
                "{raw}"
            );
        }
    }
}
