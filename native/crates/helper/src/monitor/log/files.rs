//! The files of a log: whole records only, in files of a limited size, also on a full disk and after a crash.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};

use protocol::monitor::LogEnd;
use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

pub const NAME: &str = "container.log";

/// Name of the only file of a log before it replaces the last one.
const NEXT: &str = "next.log";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("create the log directory: {0}")]
    Directory(#[source] Errno),
    #[error("open {NAME}: {0}")]
    Open(#[source] Errno),
    #[error("remove the incomplete record at the end of {NAME}: {0}")]
    Tail(#[source] std::io::Error),
}

impl Error {
    /// Returns the number of the kernel's error.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Directory(errno) | Self::Open(errno) => Some(errno.raw_os_error()),
            Self::Tail(error) => error.raw_os_error(),
        }
    }
}

/// The end of the log: the number of rotations since this monitor started, and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub generation: u64,
    pub size: u64,
}

#[derive(Debug)]
pub struct LogFiles {
    directory: OwnedFd,
    pub(super) file: File,
    position: Position,
    max_size: u64,
    max_file: u32,
}

impl LogFiles {
    /// Opens `log/container.log` below the container's directory, removes an incomplete record at its end, and deletes
    /// rotated files beyond `max_file`. `max_size` 0 is no limit.
    pub fn open(container: BorrowedFd<'_>, max_size: u64, max_file: u32) -> Result<Self, Error> {
        match mkdirat(container, "log", Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(Error::Directory(error)),
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
        let directory = openat(container, "log", flags, Mode::empty()).map_err(Error::Directory)?;
        let file = create(directory.as_fd(), NAME).map_err(Error::Open)?;
        let size = remove_incomplete_record(&file).map_err(Error::Tail)?;
        remove_surplus(&directory, max_file);
        let _ = unlinkat(&directory, NEXT, AtFlags::empty());
        Ok(Self {
            directory,
            file,
            position: Position {
                generation: 0,
                size,
            },
            max_size: if max_size == 0 { u64::MAX } else { max_size },
            max_file,
        })
    }

    pub fn position(&self) -> Position {
        self.position
    }

    /// Returns the identity and the length of the newest file.
    pub fn end(&self) -> LogEnd {
        let status = self.file.metadata();
        status.map_or(LogEnd::default(), |status| LogEnd {
            inode: status.ino(),
            size: status.len(),
        })
    }

    /// Appends records, whose ends in `buffer` are `ends`, and rotates the files between them. Returns the number of
    /// records that could not be written.
    pub fn write(&mut self, buffer: &[u8], ends: &[usize]) -> u64 {
        let (mut start, mut first, mut lost) = (0, 0, 0);
        while first < ends.len() {
            let room = self.max_size.saturating_sub(self.position.size);
            let fits = |end: &usize| (end - start) as u64 <= room;
            let mut next = first + ends[first..].iter().take_while(|end| fits(end)).count();
            if next == first && self.position.size > 0 && self.rotate() {
                continue;
            }
            // A record longer than the limit has a file to itself.
            next = next.max(first + 1);
            lost += self.append(&buffer[start..ends[next - 1]], &ends[first..next], start);
            (start, first) = (ends[next - 1], next);
        }
        lost
    }

    /// Appends whole records; `ends` are their ends, counted from `offset` bytes before `bytes`. Returns the number of
    /// records that could not be written.
    fn append(&mut self, bytes: &[u8], ends: &[usize], offset: usize) -> u64 {
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
        if written > kept {
            // The file's length is read, because another process may have truncated the file.
            let length = self.file.metadata().map_or(0, |status| status.len());
            let incomplete = (written - kept) as u64;
            let _ = self.file.set_len(length.saturating_sub(incomplete));
        }
        (ends.len() - whole) as u64
    }

    /// Renames every file to the next number and creates a new one. If that fails, the present file grows beyond the
    /// limit: no record is lost for the sake of the file's size.
    fn rotate(&mut self) -> bool {
        let rotated = match self.max_file {
            // A disk without room for another file has room after the truncation.
            0 | 1 => self.replace().is_ok() || self.file.set_len(0).is_ok(),
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

    /// Replaces the only file. Those who read the last one still have all of it, and see that there is another one.
    fn replace(&mut self) -> Result<(), Errno> {
        let directory = self.directory.as_fd();
        let file = create(directory, NEXT)?;
        renameat(directory, NEXT, directory, NAME).inspect_err(|_| {
            let _ = unlinkat(directory, NEXT, AtFlags::empty());
        })?;
        self.file = file;
        Ok(())
    }

    fn rename_all(&mut self) -> Result<(), Errno> {
        let directory = self.directory.as_fd();
        let exists = |number: u32| {
            statat(directory, rotated_name(number), AtFlags::SYMLINK_NOFOLLOW).is_ok()
        };
        let last = (1..self.max_file).find(|&number| !exists(number));
        let last = last.unwrap_or(self.max_file - 1);
        for number in (1..last).rev() {
            let next = rotated_name(number + 1);
            renameat(directory, rotated_name(number), directory, next)?;
        }
        renameat(directory, NAME, directory, rotated_name(1))?;
        match create(directory, NAME) {
            Ok(file) => self.file = file,
            Err(error) => {
                renameat(directory, rotated_name(1), directory, NAME)?;
                return Err(error);
            }
        }
        Ok(())
    }
}

pub fn rotated_name(number: u32) -> String {
    format!("{NAME}.{number}")
}

/// Deletes files beyond the allowed number, which may have been higher before.
fn remove_surplus(directory: &OwnedFd, max_file: u32) {
    let mut number = max_file.max(1);
    while unlinkat(directory, rotated_name(number), AtFlags::empty()).is_ok() {
        number += 1;
    }
}

fn create(directory: BorrowedFd<'_>, name: &str) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    openat(directory, name, flags, Mode::from_raw_mode(0o600)).map(File::from)
}

/// Truncates the file after its last newline. Returns its new length.
fn remove_incomplete_record(file: &File) -> std::io::Result<u64> {
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
