//! Processes of a container that shares the host's PID namespace: the kernel does not kill them when the program ends.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid,
};

/// Longest wait for the killed processes.
const KILL_TIMEOUT: Duration = Duration::from_secs(2);

/// Shortest interval between reaping passes while the program runs.
const REAP_INTERVAL: Duration = Duration::from_secs(1);

/// Processes whose parent has ended. They become children of the monitor.
#[derive(Debug)]
pub struct Orphans {
    program: u32,
    reaped: Instant,
}

impl Orphans {
    /// Makes this process the subreaper of its descendants.
    pub fn adopt() -> Result<Self, Errno> {
        set_child_subreaper(Some(getpid()))?;
        Ok(Self {
            program: 0,
            reaped: Instant::now(),
        })
    }

    /// Excludes the program itself, which the monitor reaps elsewhere.
    pub fn except(self, program: u32) -> Self {
        Self { program, ..self }
    }

    /// Reaps processes that have ended, at most once in each interval.
    pub fn reap(&mut self) {
        if self.reaped.elapsed() < REAP_INTERVAL {
            return;
        }
        self.reaped = Instant::now();
        for pid in children().filter(|pid| number(*pid) != self.program) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }

    /// Kills and reaps every remaining orphan. Call it after the program has been reaped.
    pub fn kill(&self) {
        let deadline = Instant::now() + KILL_TIMEOUT;
        loop {
            let mut found = children().peekable();
            if found.peek().is_none() || Instant::now() > deadline {
                return;
            }
            for pid in found {
                let _ = kill_process(pid, Signal::KILL);
                // The killed process's children become children of this process; the next pass finds them.
                let _ = waitpid(Some(pid), WaitOptions::NOHANG);
            }
        }
    }
}

fn children() -> impl Iterator<Item = Pid> {
    let list = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    let pids: Vec<Pid> = list
        .split_whitespace()
        .filter_map(|word| Pid::from_raw(word.parse().ok()?))
        .collect();
    pids.into_iter()
}

fn number(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}
