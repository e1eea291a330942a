//! How readily the kernel ends a program for want of memory.

use protocol::failure::{Failure, FailureKind};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use crate::failure::explained;

const FILE: &str = "/proc/self/oom_score_adj";

/// This process's own score, put back when the guard goes. A child that is made meanwhile inherits the other.
pub(crate) struct Lent {
    previous: Option<String>,
}

/// Sets the score for children to come. The program itself could not: its files in /proc are root's
/// until it is executed.
pub(crate) fn lend(adjustment: Option<i32>) -> Result<Lent, Failure> {
    let Some(adjustment) = adjustment else {
        return Ok(Lent { previous: None });
    };
    let refused = |error| {
        let message = format!("set oom_score_adj to {adjustment}: {error}");
        explained(FailureKind::InvalidArgument, "oom-score", message)
    };
    let previous = std::fs::read_to_string(FILE).map_err(refused)?;
    let lent = Lent {
        previous: Some(previous),
    };
    write(&adjustment.to_string()).map_err(refused)?;
    Ok(lent)
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(previous) = &self.previous {
            // A score that cannot be put back is as high as the container's: no harm but to this process.
            let _ = write(previous.trim());
        }
    }
}

/// The file belongs to the user only while the process may be looked into.
fn write(text: &str) -> std::io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    let written = std::fs::write(FILE, text);
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    written
}
