//! What a file of a build is.

use std::fs::File;
use std::io::{Read, Seek};

/// By its content: a tar, or something compressed that begins with one.
pub fn is_archive(file: &mut File) -> std::io::Result<bool> {
    let mut magic = [0; 6];
    let length = fill(file, &mut magic)?;
    file.rewind()?;
    let mut head = [0; 512];
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
    // What cannot be decompressed is a file like any other.
    let Ok(512) = filled else { return Ok(false) };
    let sum: u32 = head
        .iter()
        .enumerate()
        .map(|(index, byte)| {
            if (148..156).contains(&index) {
                32
            } else {
                u32::from(*byte)
            }
        })
        .sum();
    let digits = String::from_utf8_lossy(&head[148..156]);
    let noted = u32::from_str_radix(digits.trim_matches(|c: char| c == '\0' || c == ' '), 8);
    Ok(noted == Ok(sum))
}

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
