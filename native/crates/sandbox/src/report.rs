//! What the container's first process tells its monitor: one message per event, then silence when it has
//! become the program. The other way goes only that it may go on.

use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::monitor::Phase;
use serde::{Deserialize, Serialize};
use sys::seqpacket;

use crate::failure::explained;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Report {
    Phases {
        phases: Vec<Phase>,
    },
    /// It has entered a user namespace and waits for its ids to be mapped.
    UserNamespace {
        uid: u32,
        gid: u32,
    },
    /// One descriptor: the master of the terminal.
    Terminal,
    Failed {
        failure: Failure,
    },
}

pub fn send(
    channel: BorrowedFd<'_>,
    report: &Report,
    descriptors: &[BorrowedFd<'_>],
) -> Result<(), Failure> {
    let text = serde_json::to_vec(report).map_err(broken)?;
    seqpacket::send(channel, &text, descriptors, seqpacket::Flags::empty()).map_err(broken)
}

/// The next report; none once the other side has executed its program or died.
pub fn receive(channel: BorrowedFd<'_>) -> Result<Option<(Report, Vec<OwnedFd>)>, Failure> {
    let Some(received) = seqpacket::receive(channel).map_err(broken)? else {
        return Ok(None);
    };
    let report = serde_json::from_slice(&received.text).map_err(broken)?;
    Ok(Some((report, received.descriptors)))
}

/// Lets the other side's [`wait`] return. If it has died, that is found out by reading its reports.
pub fn let_go_on(channel: BorrowedFd<'_>) {
    let _ = seqpacket::send(channel, b"go", &[], seqpacket::Flags::empty());
}

/// Waits in the container's first process until the monitor has sent something.
pub fn wait(channel: BorrowedFd<'_>) -> Result<(), Failure> {
    match seqpacket::receive(channel).map_err(broken)? {
        Some(_) => Ok(()),
        None => Err(broken("the monitor has ended")),
    }
}

/// A phase that ends now.
pub fn phase(name: &str) -> Phase {
    Phase {
        name: name.to_owned(),
        at: sys::clock::monotonic().in_nanoseconds(),
    }
}

fn broken(error: impl std::fmt::Display) -> Failure {
    explained(
        FailureKind::System,
        "report",
        format!("report between init and monitor: {error}"),
    )
}
