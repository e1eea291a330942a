//! What belongs to a container without a pid namespace of its own: no kernel ends it with the program.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid,
};

/// How long the kernel may take to end them.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often those are collected that ended before the program.
const PAUSE: Duration = Duration::from_secs(1);

/// Processes whose parent has ended: they become children of the monitor.
#[derive(Debug)]
pub struct Orphans {
    program: u32,
    collected: Instant,
}

impl Orphans {
    /// Takes those of the children that this process has from now on.
    pub fn adopt() -> Result<Self, Errno> {
        set_child_subreaper(Some(getpid()))?;
        Ok(Self {
            program: 0,
            collected: Instant::now(),
        })
    }

    /// Leaves this child to others.
    pub fn except(self, program: u32) -> Self {
        Self { program, ..self }
    }

    /// Collects those that have ended, from time to time.
    pub fn collect(&mut self) {
        if self.collected.elapsed() < PAUSE {
            return;
        }
        self.collected = Instant::now();
        for pid in children().filter(|pid| number(*pid) != self.program) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }

    /// Ends them all; the program has been collected.
    pub fn end(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut found = children().peekable();
            if found.peek().is_none() || Instant::now() > deadline {
                return;
            }
            for pid in found {
                let _ = kill_process(pid, Signal::KILL);
                // What it leaves comes to this process in turn.
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
