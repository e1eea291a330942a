//! Copies of a file's content with its holes.

use std::fs::File;
use std::io::{Error, Read, Result, Seek, SeekFrom, Write};

use rustix::fs::{SeekFrom as Place, Stat, seek};
use rustix::io::Errno;

/// Largest file that is copied with one call of `read` and `write`.
const SMALL: u64 = 64 * 1024;

/// Copies a whole file into an empty one, with its holes.
pub fn copy_content(mut source: &File, mut target: &File, status: &Stat) -> Result<()> {
    let size = status.st_size.unsigned_abs();
    // Blocks of 512 bytes.
    if status.st_blocks.unsigned_abs().saturating_mul(512) >= size {
        if size <= SMALL && copy_small(source, target, size)? {
            return Ok(());
        }
        std::io::copy(&mut source, &mut target)?;
        return Ok(());
    }
    let mut position = 0;
    while position < size {
        let start = match seek(source, Place::Data(position)) {
            Ok(start) => start,
            // No data follows.
            Err(Errno::NXIO) => break,
            // The file system does not report holes.
            Err(_) => position,
        };
        let end = match seek(source, Place::Hole(start)) {
            Ok(end) if end > start => end,
            _ => size,
        };
        source.seek(SeekFrom::Start(start))?;
        target.seek(SeekFrom::Start(start))?;
        let copied = std::io::copy(&mut source.take(end - start), &mut target)?;
        if copied == 0 {
            break;
        }
        position = start + copied;
    }
    rustix::fs::ftruncate(target, size.max(position)).map_err(Error::from)
}

/// Copies a file of at most the given size. Returns false if there may be more, after the bytes that were copied.
fn copy_small(mut source: &File, mut target: &File, size: u64) -> Result<bool> {
    let mut buffer = [0; SMALL as usize + 1];
    let limit = buffer
        .len()
        .min(usize::try_from(size).map_or(usize::MAX, |size| size + 1));
    let count = source.read(&mut buffer[..limit])?;
    target.write_all(&buffer[..count])?;
    Ok(count < limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unnamed_file::unnamed_file;
    use std::os::unix::fs::{FileExt, MetadataExt};

    #[test]
    fn a_copy_has_the_bytes_and_the_holes_of_its_source() {
        let (source, target) = (unnamed_file(), unnamed_file());
        source.write_all_at(b"first", 70_000).unwrap();
        source.write_all_at(b"second", 5 << 20).unwrap();
        source.set_len(9 << 20).unwrap();
        let status = rustix::fs::fstat(&source).unwrap();
        copy_content(&source, &target, &status).unwrap();
        let read = |file: &File| {
            let mut content = vec![1; 9 << 20];
            file.read_exact_at(&mut content, 0).unwrap();
            content
        };
        assert!(read(&source) == read(&target));
        assert_eq!(target.metadata().unwrap().size(), 9 << 20);
        assert!(target.metadata().unwrap().blocks() * 512 < 1 << 20);
    }

    #[test]
    fn an_empty_file_and_a_file_of_one_hole_are_copied() {
        for size in [0, 1 << 20] {
            let (source, target) = (unnamed_file(), unnamed_file());
            source.set_len(size).unwrap();
            let status = rustix::fs::fstat(&source).unwrap();
            copy_content(&source, &target, &status).unwrap();
            assert_eq!(target.metadata().unwrap().size(), size);
            assert_eq!(target.metadata().unwrap().blocks(), 0);
        }
    }
}
