//! How a container ended, and the record of it on disk.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

use protocol::monitor::Exited;
use rustix::fs::{AtFlags, Mode, OFlags, fsync, openat, renameat, unlinkat};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

const NAME: &str = "exit.json";
const TEMPORARY: &str = "exit.json~";

/// Exit code and, where one ended it, the signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    pub code: i32,
    pub signal: Option<i32>,
}

impl Status {
    pub fn exited(code: i32) -> Self {
        Self { code, signal: None }
    }

    pub fn killed(signal: i32) -> Self {
        Self {
            code: 128 + signal,
            signal: Some(signal),
        }
    }
}

/// What a monitor tells the zygote once its container runs: both process ids.
pub const REPORT: usize = 8;

/// This monitor's [`REPORT`]; short enough to be written to a pipe at once.
pub fn report(container: u32) -> [u8; REPORT] {
    let monitor = std::process::id().to_ne_bytes();
    let container = container.to_ne_bytes();
    let mut report = [0; REPORT];
    report[..4].copy_from_slice(&monitor);
    report[4..].copy_from_slice(&container);
    report
}

/// The process ids of monitor and container in a [`REPORT`].
pub fn parse_report(report: [u8; REPORT]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = report;
    (
        u32::from_ne_bytes([a, b, c, d]),
        u32::from_ne_bytes([e, f, g, h]),
    )
}

/// Collects a child that has ended; nothing while it runs.
pub fn collect(pidfd: BorrowedFd<'_>) -> Result<Option<Status>, Errno> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    let status = waitid(WaitId::PidFd(pidfd.as_fd()), options)?;
    Ok(status.map(|status| match status.terminating_signal() {
        Some(signal) => Status::killed(signal),
        None => Status::exited(status.exit_status().unwrap_or(0)),
    }))
}

/// Forgets the record of an earlier run.
pub fn remove_record(container: BorrowedFd<'_>) -> Result<(), Errno> {
    match unlinkat(container, NAME, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Puts the record in place at once and whole. The returned file can be synced later.
pub fn write_record(container: BorrowedFd<'_>, exited: &Exited) -> std::io::Result<File> {
    let text = serde_json::to_vec(exited)?;
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file = File::from(openat(
        container,
        TEMPORARY,
        flags,
        Mode::from_raw_mode(0o600),
    )?);
    file.write_all(&text)?;
    renameat(container, TEMPORARY, container, NAME)?;
    Ok(file)
}

/// Makes the record survive a power cut.
pub fn sync_record(container: BorrowedFd<'_>, file: &File) -> Result<(), Errno> {
    fsync(file)?;
    fsync(container)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;

    fn directory(name: &str) -> (std::path::PathBuf, OwnedFd) {
        let path = std::env::temp_dir().join(format!("tbox-exit-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let descriptor = OwnedFd::from(File::open(&path).unwrap());
        (path, descriptor)
    }

    #[test]
    fn a_report_names_monitor_and_container() {
        assert_eq!(parse_report(report(7)), (std::process::id(), 7));
    }

    #[test]
    fn the_record_is_whole_and_replaces_an_older_one() {
        let (path, directory) = directory("record");
        std::fs::write(path.join(NAME), "old").unwrap();
        std::fs::write(
            path.join(TEMPORARY),
            "left by a crash, and longer than the new text".repeat(9),
        )
        .unwrap();
        let exited = Exited {
            pid: 7,
            code: 137,
            signal: Some(9),
            oom_killed: false,
            started_at: "a".to_owned(),
            finished_at: "b".to_owned(),
        };
        let file = write_record(directory.as_fd(), &exited).unwrap();
        sync_record(directory.as_fd(), &file).unwrap();
        let text = std::fs::read(path.join(NAME)).unwrap();
        assert_eq!(serde_json::from_slice::<Exited>(&text).unwrap(), exited);
        assert!(!path.join(TEMPORARY).exists());
        remove_record(directory.as_fd()).unwrap();
        remove_record(directory.as_fd()).unwrap();
        std::fs::remove_dir_all(path).unwrap();
    }
}
