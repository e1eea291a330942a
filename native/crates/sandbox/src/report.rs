//! Reports of a container's first process to its monitor, one message per event. The channel closes when
//! the process executes its program. In the other direction the monitor only resumes the process.

use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::monitor::Phase;
use serde::{Deserialize, Serialize};
use sys::seqpacket;

use crate::failure::explained;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Report {
    /// A prepared sandbox waits for its order.
    Ready,
    /// Phases of the start so far. The message's descriptor, if any, is the process's mount namespace.
    Phases { phases: Vec<Phase> },
    /// The process has entered a user namespace and waits for its ids to be mapped.
    UserNamespace { uid: u32, gid: u32 },
    /// The terminal's master is the one descriptor of the message.
    Terminal,
    /// A step failed; the process ends.
    Failed { failure: Failure },
}

pub fn send(
    channel: BorrowedFd<'_>,
    report: &Report,
    descriptors: &[BorrowedFd<'_>],
) -> Result<(), Failure> {
    let text = serde_json::to_vec(report).map_err(broken)?;
    seqpacket::send(channel, &text, descriptors, seqpacket::Flags::empty()).map_err(broken)
}

/// Receives the next report; nothing once the process has executed its program or died.
pub fn receive(channel: BorrowedFd<'_>) -> Result<Option<(Report, Vec<OwnedFd>)>, Failure> {
    let Some(received) = seqpacket::receive(channel).map_err(broken)? else {
        return Ok(None);
    };
    let report = serde_json::from_slice(&received.text).map_err(broken)?;
    Ok(Some((report, received.descriptors)))
}

/// Lets the process's [`wait`] return. Errors are ignored: if the process has died, its reports show that.
pub fn resume(channel: BorrowedFd<'_>) {
    let _ = seqpacket::send(channel, b"go", &[], seqpacket::Flags::empty());
}

/// Waits in the container's first process for [`resume`].
pub fn wait(channel: BorrowedFd<'_>) -> Result<(), Failure> {
    match seqpacket::receive(channel).map_err(broken)? {
        Some(_) => Ok(()),
        None => Err(broken("the monitor has ended")),
    }
}

/// Returns a phase that ends now.
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
