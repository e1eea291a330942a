//! Telling archives from other files.

use std::fs::File;
use std::io::{Read, Seek};

/// Size of a header block in bytes.
const BLOCK: usize = 512;

/// Position of the checksum in a header block.
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// Reports whether a file is a tar archive, plain or compressed, by its content.
pub fn is_archive(file: &mut File) -> std::io::Result<bool> {
    let mut magic = [0; 6];
    let length = fill(file, &mut magic)?;
    file.rewind()?;
    let mut head = [0; BLOCK];
    let filled = match &magic[..length] {
        [0x1f, 0x8b, ..] => fill(&mut flate2::read::GzDecoder::new(&mut *file), &mut head),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::stream::read::Decoder::new(&mut *file)
            .and_then(|mut all| fill(&mut all, &mut head)),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            fill(&mut lzma_rust2::XzReader::new(&mut *file, true), &mut head)
        }
        [b'B', b'Z', b'h', _, 0x31, 0x41] => {
            fill(&mut bzip2::read::MultiBzDecoder::new(&mut *file), &mut head)
        }
        _ => fill(file, &mut head),
    };
    // A file that cannot be decompressed is an ordinary file.
    let Ok(BLOCK) = filled else { return Ok(false) };
    Ok(has_checksum(&head))
}

/// Reports whether the checksum of a header block is correct.
fn has_checksum(head: &[u8; BLOCK]) -> bool {
    let sum: u32 = head
        .iter()
        .enumerate()
        .map(|(index, byte)| {
            if CHECKSUM.contains(&index) {
                32
            } else {
                u32::from(*byte)
            }
        })
        .sum();
    let digits = String::from_utf8_lossy(&head[CHECKSUM]);
    let expected = u32::from_str_radix(digits.trim_matches(|c: char| c == '\0' || c == ' '), 8);
    expected == Ok(sum)
}

/// Reads until the buffer is full or the source ends, and returns the count.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}
