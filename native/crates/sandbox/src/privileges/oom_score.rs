//! The OOM score: the kernel's preference for a process when memory runs out.

use protocol::failure::{Failure, FailureKind};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use crate::failure::explained;

const FILE: &str = "/proc/self/oom_score_adj";

/// Restores this process's score when dropped. Children created before that inherit the changed score.
pub(crate) struct RestoreOnDrop {
    previous: Option<String>,
}

/// Sets the score of future children. A child cannot do it itself: until its program is executed, root owns
/// its files in /proc.
pub(crate) fn set_for_children(adjustment: Option<i32>) -> Result<RestoreOnDrop, Failure> {
    let Some(adjustment) = adjustment else {
        return Ok(RestoreOnDrop { previous: None });
    };
    let refused = |error| {
        let message = format!("set oom_score_adj to {adjustment}: {error}");
        explained(FailureKind::InvalidArgument, "oom-score", message)
    };
    let previous = std::fs::read_to_string(FILE).map_err(refused)?;
    let restore = RestoreOnDrop {
        previous: Some(previous),
    };
    write(&adjustment.to_string()).map_err(refused)?;
    Ok(restore)
}

impl Drop for RestoreOnDrop {
    fn drop(&mut self) {
        if let Some(previous) = &self.previous {
            // If that fails the monitor keeps the container's score, which affects only the monitor.
            let _ = write(previous.trim());
        }
    }
}

/// Writes this process's score. The process becomes dumpable for the write, because only then the user owns the file.
fn write(text: &str) -> std::io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    let written = std::fs::write(FILE, text);
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    written
}
