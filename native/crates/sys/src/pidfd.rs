//! Processes held by descriptor: a number that is given to another process meanwhile is noticed.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} is not a process id")]
    Number(u32),
    #[error("open process {pid}: {source}")]
    Open { pid: u32, source: Errno },
    /// The process that had this number has ended.
    #[error("process {pid} did not start at {expected}")]
    Other { pid: u32, expected: u64 },
}

/// A descriptor of the process, readable when it ends. With a start time (field 22 of
/// `/proc/<pid>/stat`, clock ticks since boot), only of the process that started then.
pub fn open(number: u32, start_time: Option<u64>) -> Result<OwnedFd, Error> {
    let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(Error::Number(number))?;
    let descriptor = pidfd_open(pid, PidfdFlags::empty()).map_err(|source| Error::Open {
        pid: number,
        source,
    })?;
    match start_time {
        // Read after the descriptor is held: if the time is right, the descriptor is too.
        Some(expected) if self::start_time(number) != Some(expected) => Err(Error::Other {
            pid: number,
            expected,
        }),
        _ => Ok(descriptor),
    }
}

/// Whether the process has not ended: a zombie has.
pub fn is_running(process: BorrowedFd<'_>) -> bool {
    let mut watched = [PollFd::from_borrowed_fd(process, PollFlags::IN)];
    poll(&mut watched, Some(&Timespec::default())) == Ok(0)
}

/// When the process started, in clock ticks since boot; nothing when it is gone.
pub fn start_time(number: u32) -> Option<u64> {
    parse_start_time(&std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?)
}

/// The name, field 2, is in parentheses and may hold spaces and parentheses itself.
fn parse_start_time(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// The parent of a process; nothing when it is gone.
pub fn parent(number: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
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
    fn only_the_process_that_started_then_is_opened() {
        let itself = std::process::id();
        let started = start_time(itself).unwrap();
        assert!(open(itself, Some(started)).is_ok());
        assert!(matches!(
            open(itself, Some(started + 1)),
            Err(Error::Other { .. })
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
    fn a_process_that_is_gone_is_not_found() {
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
