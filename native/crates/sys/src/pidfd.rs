//! Processes by descriptor, which unlike a number never refers to another process later.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::{Errno, read, retry_on_intr};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} is not a process id")]
    Number(u32),
    #[error("open process {pid}: {source}")]
    Open { pid: u32, source: Errno },
    /// The process with this number has ended; the number has been reused.
    #[error("process {pid} did not start at {expected}")]
    Reused { pid: u32, expected: u64 },
}

/// Opens a process; the descriptor becomes readable when it ends. With a start time (field 22 of
/// `/proc/<pid>/stat`, clock ticks since boot), opens only a process that started then.
pub fn open(number: u32, start_time: Option<u64>) -> Result<OwnedFd, Error> {
    let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(Error::Number(number))?;
    let descriptor = pidfd_open(pid, PidfdFlags::empty()).map_err(|source| Error::Open {
        pid: number,
        source,
    })?;
    match start_time {
        // Read after the process is opened: if the time matches, the descriptor is of the right process.
        Some(expected) if self::start_time(number) != Some(expected) => Err(Error::Reused {
            pid: number,
            expected,
        }),
        _ => Ok(descriptor),
    }
}

/// Returns whether the process is running. A zombie is not.
pub fn is_running(process: BorrowedFd<'_>) -> bool {
    let mut watched = [PollFd::from_borrowed_fd(process, PollFlags::IN)];
    poll(&mut watched, Some(&Timespec::default())) == Ok(0)
}

/// Returns the start time of a process in clock ticks since boot; nothing if it does not exist.
pub fn start_time(number: u32) -> Option<u64> {
    parse_start_time(&read_stat(number)?)
}

/// Reads the `stat` file of a process by one call: the kernel writes 52 fields, less than a kilobyte.
fn read_stat(number: u32) -> Option<String> {
    let path = format!("/proc/{number}/stat");
    let file = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut text = [0; 2048];
    let length = retry_on_intr(|| read(&file, &mut text)).ok()?;
    Some(String::from_utf8_lossy(&text[..length]).into_owned())
}

/// Parses field 22. Field 2, the name, is in parentheses and may itself contain spaces and parentheses.
fn parse_start_time(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// Returns the parent of a process; nothing if the process does not exist.
pub fn parent(number: u32) -> Option<u32> {
    let stat = read_stat(number)?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let fields = (3..=52).map(|n| n.to_string()).collect::<Vec<_>>();
        let stat = format!("12 (a) b (c) {}\n", fields.join(" "));
        assert_eq!(parse_start_time(&stat), Some(22));
        assert_eq!(parse_start_time("12 (a) 3 4"), None);
    }

    #[test]
    fn a_process_with_another_start_time_is_not_opened() {
        let itself = std::process::id();
        let started = start_time(itself).unwrap();
        assert!(open(itself, Some(started)).is_ok());
        assert!(matches!(
            open(itself, Some(started + 1)),
            Err(Error::Reused { .. })
        ));
        assert!(matches!(open(0, None), Err(Error::Number(0))));
    }

    #[test]
    fn a_zombie_has_ended() {
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        let process = open(child.id(), None).unwrap();
        assert!(is_running(process.as_fd()));
        child.kill().unwrap();
        while std::fs::read_to_string(format!("/proc/{}/stat", child.id()))
            .is_ok_and(|stat| !stat.contains(") Z "))
        {
            std::thread::yield_now();
        }
        assert!(!is_running(process.as_fd()));
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_has_been_reaped_is_not_found() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let error = open(child.id(), None).unwrap_err();
        assert!(matches!(
            error,
            Error::Open {
                source: Errno::SRCH,
                ..
            }
        ));
    }
}
