//! A container's log in Docker's json-file format.

pub mod files;
mod record;

#[cfg(test)]
mod tests;

use std::os::fd::BorrowedFd;

use protocol::monitor::LogEnd;

use crate::monitor::stream::Stream;
use files::{Error, LogFiles, Position};

/// Records collected before they are written, in bytes.
const BATCH: usize = 128 * 1024;

#[derive(Debug)]
pub struct JsonLog {
    files: LogFiles,
    /// The unfinished line of each stream.
    partial: [Vec<u8>; 2],
    buffer: Vec<u8>,
    /// The end of each record in `buffer`.
    ends: Vec<usize>,
    /// Records that could not be written since the last note about lost records.
    lost: u64,
}

impl JsonLog {
    /// Opens the log; see [`LogFiles::open`].
    pub fn open(container: BorrowedFd<'_>, max_size: u64, max_file: u32) -> Result<Self, Error> {
        Ok(Self {
            files: LogFiles::open(container, max_size, max_file)?,
            partial: [Vec::new(), Vec::new()],
            buffer: Vec::new(),
            ends: Vec::new(),
            lost: 0,
        })
    }

    pub fn position(&self) -> Position {
        self.files.position()
    }

    /// Returns the end of the newest file, for a client that reads the log up to there.
    pub fn end(&self) -> LogEnd {
        self.files.end()
    }

    /// Returns the unfinished line of each stream.
    pub fn unfinished(&self) -> [&[u8]; 2] {
        [&self.partial[0], &self.partial[1]]
    }

    /// Writes finished lines, and parts of lines that are too long for one record. Keeps the rest for the next call.
    pub fn write(&mut self, stream: Stream, bytes: &[u8], time: &str) {
        let mut partial = std::mem::take(&mut self.partial[stream.index()]);
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if partial.is_empty() {
                partial = self.add(stream, piece, time).to_vec();
            } else {
                partial.extend_from_slice(piece);
                let kept = self.add(stream, &partial, time).len();
                partial.drain(..partial.len() - kept);
            }
        }
        self.partial[stream.index()] = partial;
        self.flush(time);
    }

    /// Writes unfinished lines without adding a newline.
    pub fn finish(&mut self, time: &str) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let partial = std::mem::take(&mut self.partial[stream.index()]);
            if !partial.is_empty() {
                self.push(stream, &partial, time);
            }
        }
        self.flush(time);
        self.buffer = Vec::new();
    }

    /// Adds records for full parts and for a finished line. Returns the rest.
    fn add<'text>(&mut self, stream: Stream, mut text: &'text [u8], time: &str) -> &'text [u8] {
        while text.len() > record::PART {
            let (part, rest) = text.split_at(record::part_end(text, record::PART));
            self.push(stream, part, time);
            text = rest;
        }
        if text.ends_with(b"\n") {
            self.push(stream, text, time);
            return &[];
        }
        text
    }

    fn push(&mut self, stream: Stream, text: &[u8], time: &str) {
        record::append(&mut self.buffer, stream, text, time);
        self.ends.push(self.buffer.len());
        if self.buffer.len() >= BATCH {
            self.flush(time);
        }
    }

    fn flush(&mut self, time: &str) {
        if self.ends.is_empty() {
            return;
        }
        self.write_note(time);
        self.lost += match self.lost {
            0 => self.files.write(&self.buffer, &self.ends),
            _ => self.ends.len() as u64,
        };
        self.buffer.clear();
        self.ends.clear();
    }

    /// Writes a record about lost records, as soon as the disk has room for it.
    fn write_note(&mut self, time: &str) {
        if self.lost == 0 {
            return;
        }
        let text = format!(
            "[tbox: {} log records lost, the disk was full or failing]\n",
            self.lost
        );
        let mut note = Vec::new();
        record::append(&mut note, Stream::Stderr, text.as_bytes(), time);
        if self.files.write(&note, &[note.len()]) == 0 {
            self.lost = 0;
        }
    }
}
