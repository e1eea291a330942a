//! Writes a container's output as Docker's json-file log: whole records only, in files of a
//! limited size, through a full disk and over what a crash left.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use crate::monitor::record;
use crate::monitor::stream::Stream;

const NAME: &str = "container.log";

/// Records collected before they are written, in bytes.
const BATCH: usize = 128 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("create the log directory: {0}")]
    Directory(#[source] Errno),
    #[error("open {NAME}: {0}")]
    Open(#[source] Errno),
    #[error("cut the torn end of {NAME}: {0}")]
    Tail(#[source] std::io::Error),
}

/// Where the log ends: the number of rotations since this monitor started, and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub generation: u64,
    pub size: u64,
}

#[derive(Debug)]
pub struct JsonLog {
    directory: OwnedFd,
    file: File,
    position: Position,
    max_size: u64,
    max_file: u32,
    /// What has come of each stream's unfinished line.
    partial: [Vec<u8>; 2],
    buffer: Vec<u8>,
    /// Where each record in `buffer` ends.
    ends: Vec<usize>,
    /// Records that could not be written since the last note about it.
    lost: u64,
}

impl JsonLog {
    /// Opens `log/container.log` below the container's directory, cutting off a record that was
    /// only half written. `max_size` 0 is no limit.
    pub fn open(container: BorrowedFd<'_>, max_size: u64, max_file: u32) -> Result<Self, Error> {
        match mkdirat(container, "log", Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(Error::Directory(error)),
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
        let directory = openat(container, "log", flags, Mode::empty()).map_err(Error::Directory)?;
        let file = create(directory.as_fd()).map_err(Error::Open)?;
        let size = cut_torn_end(&file).map_err(Error::Tail)?;
        Ok(Self {
            directory,
            file,
            position: Position {
                generation: 0,
                size,
            },
            max_size: if max_size == 0 { u64::MAX } else { max_size },
            max_file,
            partial: [Vec::new(), Vec::new()],
            buffer: Vec::new(),
            ends: Vec::new(),
            lost: 0,
        })
    }

    pub fn position(&self) -> Position {
        self.position
    }

    /// Writes what ends a line, or is too long for one record; keeps the rest for later.
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

    /// Writes unfinished lines as they are, without a newline.
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

    /// Adds records for full parts and for a finished line; returns what remains.
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
        let (buffer, ends) = (
            std::mem::take(&mut self.buffer),
            std::mem::take(&mut self.ends),
        );
        self.write_note(time);
        if self.lost > 0 {
            self.lost += ends.len() as u64;
        } else {
            self.write_records(&buffer, &ends);
        }
        (self.buffer, self.ends) = (buffer, ends);
        self.buffer.clear();
        self.ends.clear();
    }

    /// Says in the log itself that records are missing, as soon as there is room to say so.
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
        let before = std::mem::take(&mut self.lost);
        self.write_records(&note, &[note.len()]);
        if self.lost > 0 {
            self.lost = before;
        }
    }

    fn write_records(&mut self, buffer: &[u8], ends: &[usize]) {
        let (mut start, mut first) = (0, 0);
        while first < ends.len() {
            let room = self.max_size.saturating_sub(self.position.size);
            let fits = |end: &usize| (end - start) as u64 <= room;
            let mut next = first + ends[first..].iter().take_while(|end| fits(end)).count();
            if next == first && self.position.size > 0 && self.rotate() {
                continue;
            }
            // A record longer than a whole file has a file of its own.
            next = next.max(first + 1);
            self.append(&buffer[start..ends[next - 1]], &ends[first..next], start);
            (start, first) = (ends[next - 1], next);
        }
    }

    /// Appends whole records; `ends` are their ends, counted from `offset` bytes before `bytes`.
    fn append(&mut self, bytes: &[u8], ends: &[usize], offset: usize) {
        let mut written = 0;
        while written < bytes.len() {
            match self.file.write(&bytes[written..]) {
                Ok(0) => break,
                Ok(count) => written += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let whole = ends
            .iter()
            .take_while(|&&end| end - offset <= written)
            .count();
        let kept = match whole {
            0 => 0,
            _ => ends[whole - 1] - offset,
        };
        self.position.size += kept as u64;
        self.lost += (ends.len() - whole) as u64;
        if written > kept {
            // The file's own length counts here: somebody else may have truncated it.
            let length = self.file.metadata().map_or(0, |status| status.len());
            let torn = (written - kept) as u64;
            let _ = self.file.set_len(length.saturating_sub(torn));
        }
    }

    /// Moves every file one number up and starts a new one. If that cannot be done the present
    /// file grows on: records matter more than its size.
    fn rotate(&mut self) -> bool {
        let rotated = match self.max_file {
            0 | 1 => self.file.set_len(0).is_ok(),
            _ => self.rename_all().is_ok(),
        };
        if rotated {
            self.position = Position {
                generation: self.position.generation + 1,
                size: 0,
            };
        }
        rotated
    }

    fn rename_all(&mut self) -> Result<(), Errno> {
        let directory = self.directory.as_fd();
        let exists =
            |number: u32| statat(directory, name(number), AtFlags::SYMLINK_NOFOLLOW).is_ok();
        let last = (1..self.max_file).find(|&number| !exists(number));
        let last = last.unwrap_or(self.max_file - 1);
        for number in (1..last).rev() {
            renameat(directory, name(number), directory, name(number + 1))?;
        }
        renameat(directory, NAME, directory, name(1))?;
        match create(directory) {
            Ok(file) => self.file = file,
            Err(error) => {
                renameat(directory, name(1), directory, NAME)?;
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Deletes log files beyond the allowed number, which may have been higher before.
pub fn remove_surplus(log: &JsonLog) {
    let mut number = log.max_file.max(1);
    while unlinkat(&log.directory, name(number), AtFlags::empty()).is_ok() {
        number += 1;
    }
}

fn name(number: u32) -> String {
    format!("{NAME}.{number}")
}

fn create(directory: BorrowedFd<'_>) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    openat(directory, NAME, flags, Mode::from_raw_mode(0o600)).map(File::from)
}

/// Cuts what follows the last newline; returns the length that is left.
fn cut_torn_end(file: &File) -> std::io::Result<u64> {
    let length = file.metadata()?.len();
    let mut end = length;
    let mut block = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let part = &mut block[..usize::try_from(end - start).unwrap_or(0)];
        file.read_exact_at(part, start)?;
        if let Some(index) = part.iter().rposition(|&byte| byte == b'\n') {
            end = start + index as u64 + 1;
            break;
        }
        end = start;
    }
    if end < length {
        file.set_len(end)?;
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    const TIME: &str = "2026-01-02T03:04:05.123456789Z";

    struct Directory(PathBuf);

    impl Directory {
        fn create(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("tbox-log-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(path.join("log")).unwrap();
            Self(path)
        }

        fn open(&self, max_size: u64, max_file: u32) -> JsonLog {
            let directory = File::open(&self.0).unwrap();
            JsonLog::open(directory.as_fd(), max_size, max_file).unwrap()
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.join("log").join(name)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn records(path: &Path) -> Vec<(String, String)> {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines()
            .map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                let field = |name: &str| value[name].as_str().unwrap().to_owned();
                (field("stream"), field("log"))
            })
            .collect()
    }

    fn texts(path: &Path) -> Vec<String> {
        records(path).into_iter().map(|record| record.1).collect()
    }

    #[test]
    fn lines_become_records_whatever_pieces_they_come_in() {
        let directory = Directory::create("lines");
        let mut log = directory.open(0, 1);
        log.write(Stream::Stdout, b"one\ntw", TIME);
        log.write(Stream::Stderr, b"err", TIME);
        log.write(Stream::Stdout, b"o\n\nthree", TIME);
        log.finish(TIME);
        let expected = [
            ("stdout", "one\n"),
            ("stdout", "two\n"),
            ("stdout", "\n"),
            ("stdout", "three"),
            ("stderr", "err"),
        ];
        let path = directory.file(NAME);
        let found = records(&path);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!((found.0.as_str(), found.1.as_str()), expected);
        }
        assert_eq!(log.position().size, fs::metadata(path).unwrap().len());
    }

    #[test]
    fn long_lines_are_cut_into_parts_and_lose_nothing() {
        let directory = Directory::create("long");
        let mut line = "ü".repeat(40_000).into_bytes();
        line.insert(0, b'a');
        line.push(b'\n');
        for step in [1, 7, 4096, 65_536] {
            let _ = fs::remove_file(directory.file(NAME));
            let mut log = directory.open(0, 1);
            line.chunks(step)
                .for_each(|piece| log.write(Stream::Stdout, piece, TIME));
            let parts = texts(&directory.file(NAME));
            assert!(parts.concat().into_bytes() == line);
            assert!(parts.iter().all(|part| part.len() <= record::PART));
            assert!(
                parts[..parts.len() - 1]
                    .iter()
                    .all(|part| !part.ends_with('\n'))
            );
            assert_eq!(parts.len(), 5);
        }
    }

    #[test]
    fn files_are_rotated_between_records_and_only_the_newest_kept() {
        let directory = Directory::create("rotate");
        let mut log = directory.open(300, 3);
        for number in 0..20 {
            log.write(Stream::Stdout, format!("line {number}\n").as_bytes(), TIME);
        }
        let files: Vec<_> = ["container.log.2", "container.log.1", NAME]
            .iter()
            .map(|name| directory.file(name))
            .collect();
        let kept: Vec<String> = files.iter().flat_map(|path| texts(path)).collect();
        assert!(
            files
                .iter()
                .all(|path| fs::metadata(path).unwrap().len() <= 300)
        );
        assert!(!directory.file("container.log.3").exists());
        let expected: Vec<_> = (20 - kept.len()..20)
            .map(|n| format!("line {n}\n"))
            .collect();
        assert_eq!(kept, expected);
        assert_eq!(log.position().generation, 6);

        // One batch that spans several files behaves the same.
        let mut log = directory.open(300, 3);
        let many: String = (0..50).map(|n| format!("more {n}\n")).collect();
        log.write(Stream::Stdout, many.as_bytes(), TIME);
        let kept: Vec<String> = files.iter().flat_map(|path| texts(path)).collect();
        let expected: Vec<_> = (50 - kept.len()..50)
            .map(|n| format!("more {n}\n"))
            .collect();
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_single_file_starts_over_when_it_is_full() {
        let directory = Directory::create("single");
        let mut log = directory.open(200, 1);
        for number in 0..5 {
            log.write(Stream::Stdout, format!("{number}\n").as_bytes(), TIME);
        }
        assert_eq!(texts(&directory.file(NAME)), ["4\n"]);
        assert!(!directory.file("container.log.1").exists());
    }

    #[test]
    fn a_record_longer_than_a_file_is_kept_whole() {
        let directory = Directory::create("oversized");
        let mut log = directory.open(100, 2);
        log.write(Stream::Stdout, b"a\n", TIME);
        log.write(
            Stream::Stdout,
            &[b"b".repeat(500), b"\n".to_vec()].concat(),
            TIME,
        );
        assert_eq!(texts(&directory.file("container.log.1")), ["a\n"]);
        assert_eq!(texts(&directory.file(NAME))[0].len(), 501);
    }

    #[test]
    fn a_torn_end_is_cut_at_every_length() {
        let directory = Directory::create("torn");
        let mut log = directory.open(0, 1);
        log.write(Stream::Stdout, b"one\ntwo\n", TIME);
        let whole = fs::read(directory.file(NAME)).unwrap();
        let first = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        for length in 0..=whole.len() {
            fs::write(directory.file(NAME), &whole[..length]).unwrap();
            let mut log = directory.open(0, 1);
            log.write(Stream::Stdout, b"next\n", TIME);
            let before = usize::from(length >= first) + usize::from(length == whole.len());
            let found = texts(&directory.file(NAME));
            assert_eq!(found.len(), before + 1, "cut at {length}");
            assert_eq!(found[before], "next\n");
        }
        let zeroes = [&whole[..], &[0; 10_000]].concat();
        fs::write(directory.file(NAME), zeroes).unwrap();
        assert_eq!(directory.open(0, 1).position().size, whole.len() as u64);
    }

    #[test]
    fn records_lost_on_a_failing_disk_are_counted_and_noted() {
        let directory = Directory::create("full");
        let mut log = directory.open(0, 1);
        log.write(Stream::Stdout, b"before\n", TIME);
        let good = std::mem::replace(&mut log.file, File::open("/dev/null").unwrap());
        log.write(Stream::Stdout, b"lost\nlost\n", TIME);
        log.write(Stream::Stderr, b"lost\n", TIME);
        log.file = good;
        log.write(Stream::Stdout, b"after\n", TIME);
        let found = texts(&directory.file(NAME));
        assert_eq!(found.len(), 3);
        assert!(found[1].contains("3 log records lost"), "{}", found[1]);
        assert_eq!(found[2], "after\n");
        assert_eq!(
            log.position().size,
            fs::metadata(directory.file(NAME)).unwrap().len()
        );
    }

    #[test]
    fn files_beyond_a_lowered_number_are_deleted() {
        let directory = Directory::create("surplus");
        for number in 1..5 {
            fs::write(directory.file(&name(number)), "").unwrap();
        }
        remove_surplus(&directory.open(10, 3));
        assert!(directory.file("container.log.2").exists());
        assert!(!directory.file("container.log.3").exists());
        assert!(!directory.file("container.log.4").exists());
    }
}
