//! A reader of files that may change or have holes.

use std::fs::File;
use std::io::{Read, Result};
use std::os::unix::fs::FileExt;

use rustix::fs::{SeekFrom, Stat, seek};
use rustix::io::Errno;

/// A reader of exactly the size in the header, even if another process writes to the file meanwhile: it extends a
/// shorter file with zeros, and cuts a longer one. It skips holes.
pub struct SizedFile {
    file: File,
    position: u64,
    size: u64,
    /// The part of the file around the position.
    part: Part,
    part_end: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Data,
    Hole,
}

impl SizedFile {
    pub fn new(file: File, status: &Stat) -> Self {
        let size = status.st_size.unsigned_abs();
        // Blocks of 512 bytes. Only a file with holes needs further system calls.
        let is_sparse = status.st_blocks.unsigned_abs().saturating_mul(512) < size;
        Self {
            file,
            position: 0,
            size,
            part: Part::Data,
            part_end: if is_sparse { 0 } else { size },
        }
    }

    /// Returns the number of unread bytes.
    pub fn left(&self) -> u64 {
        self.size - self.position
    }

    /// Finds the part that begins at the position.
    fn find_part(&mut self) {
        let data = seek(&self.file, SeekFrom::Data(self.position));
        let (part, end) = match data {
            Ok(start) if start > self.position => (Part::Hole, Ok(start)),
            Ok(_) => (Part::Data, seek(&self.file, SeekFrom::Hole(self.position))),
            // No data follows.
            Err(Errno::NXIO) => (Part::Hole, Ok(self.size)),
            Err(errno) => (Part::Data, Err(errno)),
        };
        self.part = part;
        self.part_end = match end {
            Ok(end) if end > self.position => end.min(self.size),
            // The file system does not report holes.
            _ => self.size,
        };
    }
}

impl Read for SizedFile {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.position < self.size && self.position == self.part_end {
            self.find_part();
        }
        let room = usize::try_from(self.part_end - self.position)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let buffer = &mut buffer[..room];
        let mut count = match self.part {
            Part::Data => self.file.read_at(buffer, self.position)?,
            Part::Hole => 0,
        };
        if count == 0 {
            buffer.fill(0);
            count = room;
        }
        self.position += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unnamed_file::unnamed_file;
    use std::os::fd::AsFd;

    fn read_all(file: &File) -> Vec<u8> {
        let status = rustix::fs::fstat(file.as_fd()).unwrap();
        let mut content = Vec::new();
        SizedFile::new(file.try_clone().unwrap(), &status)
            .read_to_end(&mut content)
            .unwrap();
        content
    }

    #[test]
    fn holes_are_zeros_and_data_is_kept() {
        let file = unnamed_file();
        file.set_len(3 << 20).unwrap();
        file.write_all_at(b"first", 100).unwrap();
        file.write_all_at(b"second", 1 << 20).unwrap();
        let mut expected = vec![0; 3 << 20];
        expected[100..105].copy_from_slice(b"first");
        expected[1 << 20..][..6].copy_from_slice(b"second");
        assert!(read_all(&file) == expected);
    }

    #[test]
    fn a_file_without_data_or_without_bytes_is_read() {
        let file = unnamed_file();
        assert_eq!(read_all(&file).len(), 0);
        file.set_len(70_000).unwrap();
        assert!(read_all(&file) == vec![0; 70_000]);
    }

    #[test]
    fn a_file_that_shrinks_is_extended_by_zeros() {
        let file = unnamed_file();
        file.write_all_at(b"content", 0).unwrap();
        let status = rustix::fs::fstat(file.as_fd()).unwrap();
        file.set_len(3).unwrap();
        let mut content = Vec::new();
        SizedFile::new(file, &status)
            .read_to_end(&mut content)
            .unwrap();
        assert_eq!(content, b"con\0\0\0\0");
    }
}
