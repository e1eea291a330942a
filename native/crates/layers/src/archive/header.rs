//! The 512-byte header block of an entry.

use super::error::ArchiveError;
use super::number;

/// Size of a block in bytes.
pub const BLOCK: usize = 512;

pub type Block = [u8; BLOCK];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    V7,
    Ustar,
    Gnu,
}

/// The fields of a header block with a correct checksum.
pub struct Header {
    pub name: Vec<u8>,
    pub link: Vec<u8>,
    pub flag: u8,
    pub mode: i64,
    pub uid: i64,
    pub gid: i64,
    pub size: u64,
    pub modified: i64,
    pub format: Format,
}

impl Header {
    /// Parses a block; `at` is its offset in the archive, for messages.
    pub fn parse(block: &Block, at: u64) -> Result<Self, ArchiveError> {
        let number = |range: std::ops::Range<usize>, field| {
            number::field(&block[range]).ok_or(ArchiveError::Field { at, field })
        };
        let expected = number(148..156, "checksum")?;
        if !checksums(block).contains(&expected) {
            return Err(ArchiveError::Checksum(at));
        }
        let format = format(block);
        let size = number(124..136, "size")?;
        Ok(Self {
            name: full_name(block, format),
            link: text(&block[157..257]).to_vec(),
            flag: block[156],
            mode: number(100..108, "mode")?,
            uid: number(108..116, "user id")?,
            gid: number(116..124, "group id")?,
            size: u64::try_from(size).map_err(|_| ArchiveError::Field { at, field: "size" })?,
            modified: number(136..148, "modification time")?,
            format,
        })
    }
}

/// Returns the sum of all bytes, unsigned and signed, with spaces in the checksum field: some old tools add signed
/// bytes.
fn checksums(block: &Block) -> [i64; 2] {
    let mut sums = [0, 0];
    for (index, byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&index) {
            b' '
        } else {
            *byte
        };
        sums[0] += i64::from(byte);
        sums[1] += i64::from(byte.cast_signed());
    }
    sums
}

fn format(block: &Block) -> Format {
    match &block[257..265] {
        b"ustar  \0" => Format::Gnu,
        [b'u', b's', b't', b'a', b'r', 0, ..] => Format::Ustar,
        _ => Format::V7,
    }
}

fn full_name(block: &Block, format: Format) -> Vec<u8> {
    let name = text(&block[..100]);
    // star keeps times in the last part of ustar's prefix. GNU uses the whole area for other fields.
    let prefix = match (format, &block[508..512]) {
        (Format::Ustar, b"tar\0") => text(&block[345..476]),
        (Format::Ustar, _) => text(&block[345..500]),
        _ => &[],
    };
    if prefix.is_empty() {
        return name.to_vec();
    }
    [prefix, b"/", name].concat()
}

/// Returns the bytes up to the first NUL.
pub fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}
