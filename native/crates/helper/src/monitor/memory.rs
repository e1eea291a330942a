//! Processes of a container that the kernel kills for lack of memory.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, openat};
use sys::event::{Interest, Poll};

use sys::watched::Watched;

/// Returns the number of killed processes in a cgroup's `memory.events` file.
pub fn kills(events: BorrowedFd<'_>) -> u64 {
    let mut buffer = [0; 1024];
    let length = rustix::io::pread(events, &mut buffer, 0).unwrap_or(0);
    let text = String::from_utf8_lossy(&buffer[..length]);
    let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or(0)
}

/// Opens a cgroup's `memory.events`, which exists if the memory controller is enabled.
pub fn events(cgroup: BorrowedFd<'_>) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    openat(cgroup, "memory.events", flags, Mode::empty()).ok()
}

/// Watches a cgroup's `memory.events`. The kernel reports only changes after a read, so the file is read once.
pub fn watch(poll: &Poll, cgroup: BorrowedFd<'_>, token: u64) -> Option<Watched> {
    let mut events = Watched::new(events(cgroup)?, token);
    kills(events.as_fd());
    events.watch(poll, Some(Interest::CHANGE)).ok()?;
    Some(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_killed_processes_is_read_from_the_cgroup() {
        let path = std::env::temp_dir().join(format!("tbox-oom-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let directory = OwnedFd::from(std::fs::File::open(&path).unwrap());
        assert!(events(directory.as_fd()).is_none());
        for (text, expected) in [
            ("low 0\noom 1\noom_kill 0\noom_group_kill 0\n", 0),
            ("low 0\noom 3\noom_kill 2\noom_group_kill 0\n", 2),
            ("low 0\n", 0),
        ] {
            std::fs::write(path.join("memory.events"), text).unwrap();
            let events = super::events(directory.as_fd()).unwrap();
            assert_eq!(kills(events.as_fd()), expected);
            assert_eq!(kills(events.as_fd()), expected);
        }
        std::fs::remove_dir_all(path).unwrap();
    }
}
