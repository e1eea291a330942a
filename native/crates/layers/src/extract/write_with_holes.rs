//! Writes of a new file without its long runs of zeros.

use std::os::fd::BorrowedFd;

use rustix::io::{Errno, pwrite};

/// Unit of the search for zeros.
const BLOCK: usize = 4096;
/// Shortest run of zeros that becomes a hole. Holes for shorter runs would fragment the file.
const HOLE: usize = 8 * BLOCK;
static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// Writes a piece of a new file. Long runs of zeros are left out: archives have no holes, and without them a sparse file
/// of an image would fill the disk. Returns whether the piece ends with a hole.
pub fn write_with_holes(file: BorrowedFd<'_>, piece: &[u8], offset: u64) -> Result<bool, Errno> {
    let mut written = 0;
    let mut position = 0;
    while position < piece.len() {
        let zeros = count_zeros(&piece[position..]);
        if zeros >= HOLE {
            write_all(file, &piece[written..position], offset + written as u64)?;
            written = position + zeros;
        }
        position += zeros.max(BLOCK);
    }
    write_all(file, &piece[written..], offset + written as u64)?;
    Ok(written == piece.len())
}

/// Returns the number of leading zeros, in whole blocks; the last block may be shorter.
fn count_zeros(bytes: &[u8]) -> usize {
    bytes
        .chunks(BLOCK)
        .take_while(|block| **block == ZEROS[..block.len()])
        .map(<[u8]>::len)
        .sum()
}

fn write_all(file: BorrowedFd<'_>, mut bytes: &[u8], mut offset: u64) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match pwrite(file, bytes, offset) {
            Ok(count) => {
                bytes = &bytes[count..];
                offset += count as u64;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unnamed_file::unnamed_file;
    use std::os::fd::AsFd;
    use std::os::unix::fs::{FileExt, MetadataExt};

    #[test]
    fn long_runs_of_zeros_become_holes_and_all_bytes_stay() {
        let file = unnamed_file();
        let mut content = vec![0; 1 << 20];
        content[700] = 1;
        content[300_000..300_010].fill(2);
        content[1_000_000] = 3;
        // A piece may begin in the middle of a block.
        for (index, piece) in content.chunks(100_003).enumerate() {
            let ends = write_with_holes(file.as_fd(), piece, index as u64 * 100_003).unwrap();
            assert_eq!(ends, index != 2 && index != 9);
        }
        file.set_len(1 << 20).unwrap();
        let mut found = vec![9; 1 << 20];
        file.read_exact_at(&mut found, 0).unwrap();
        assert!(found == content);
        assert!(file.metadata().unwrap().blocks() * 512 < 200_000);
    }
}
