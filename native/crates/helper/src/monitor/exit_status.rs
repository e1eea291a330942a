//! Exit statuses, and the report that links a monitor to its container for the zygote.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};

/// Exit status, and the signal that killed the process.
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

/// Length of a monitor's report to the zygote: the process ids of the monitor and of its container.
pub const REPORT_LENGTH: usize = 8;

/// Returns this monitor's report. It is short enough to be written to a pipe in one piece.
pub fn report(container: u32) -> [u8; REPORT_LENGTH] {
    let monitor = std::process::id().to_ne_bytes();
    let container = container.to_ne_bytes();
    let mut report = [0; REPORT_LENGTH];
    report[..4].copy_from_slice(&monitor);
    report[4..].copy_from_slice(&container);
    report
}

/// Returns the process ids of the monitor and the container in a report.
pub fn parse_report(report: [u8; REPORT_LENGTH]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = report;
    (
        u32::from_ne_bytes([a, b, c, d]),
        u32::from_ne_bytes([e, f, g, h]),
    )
}

/// Reaps a child. Returns `None` while it is running.
pub fn reap(pidfd: BorrowedFd<'_>) -> Result<Option<Status>, Errno> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    let status = waitid(WaitId::PidFd(pidfd.as_fd()), options)?;
    Ok(status.map(|status| match status.terminating_signal() {
        Some(signal) => Status::killed(signal),
        None => Status::exited(status.exit_status().unwrap_or(0)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_contains_the_ids_of_monitor_and_container() {
        assert_eq!(parse_report(report(7)), (std::process::id(), 7));
    }
}
