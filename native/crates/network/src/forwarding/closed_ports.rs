//! The published ports at which no program in the container listens yet, and the times at which they are checked again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Time between two checks: short while a container may still be starting, because a client that has seen the container's
/// log connects at once.
const CHECK_INTERVAL: Duration = Duration::from_millis(2);
const STARTING: Duration = Duration::from_secs(120);
const LATER_CHECK_INTERVAL: Duration = Duration::from_millis(25);

/// Time between two attempts to connect: a packet filter in a container may lead to a server at another port.
const ATTEMPT_INTERVAL: Duration = Duration::from_millis(500);

/// Ports in one check.
const CHECKED_PORTS: usize = 64;

/// Inverse of the share of a processor that checks may take. The time that a check waits for a processor does not count:
/// it would delay the next check by seconds on a busy machine.
const CHECK_SHARE: u32 = 50;

#[derive(Debug)]
pub struct ClosedPorts {
    ports: BTreeSet<u64>,
    /// The port that was checked last.
    checked: u64,
    next_check: Instant,
    next_attempt: Instant,
}

/// A check that is due.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    pub ports: Vec<u64>,
    /// Whether a connection is attempted too.
    pub attempt: bool,
    /// Processor time of the thread at the start.
    used: Duration,
}

impl Default for ClosedPorts {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            ports: BTreeSet::new(),
            checked: 0,
            next_check: now,
            next_attempt: now,
        }
    }
}

impl ClosedPorts {
    pub fn insert(&mut self, port: u64) {
        // The interval between checks may have grown by now.
        self.next_check = self.next_check.min(Instant::now() + CHECK_INTERVAL);
        self.ports.insert(port);
    }

    pub fn remove(&mut self, port: u64) {
        self.ports.remove(&port);
    }

    pub fn iter(&self) -> impl Iterator<Item = &u64> {
        self.ports.iter()
    }

    /// Returns the time until the next check.
    pub fn next_check(&self) -> Option<Duration> {
        let wait = self.next_check.saturating_duration_since(Instant::now());
        (!self.ports.is_empty()).then_some(wait)
    }

    /// Returns the check that is due now.
    pub fn take_due(&mut self) -> Option<Check> {
        let start = Instant::now();
        if self.ports.is_empty() || start < self.next_check {
            return None;
        }
        let after = self.ports.range(self.checked + 1..);
        let in_turn = after.chain(self.ports.range(..=self.checked));
        let ports: Vec<u64> = in_turn.take(CHECKED_PORTS).copied().collect();
        self.checked = ports.last().copied().unwrap_or_default();
        let attempt = start >= self.next_attempt;
        if attempt {
            self.next_attempt = start + ATTEMPT_INTERVAL;
        }
        Some(Check {
            ports,
            attempt,
            used: processor_time(),
        })
    }

    /// Plans the next check. `youngest` is the shortest time for which a port has been closed.
    pub fn finish(&mut self, check: &Check, youngest: Option<Duration>) {
        let interval = match youngest.is_some_and(|time| time < STARTING) {
            true => CHECK_INTERVAL,
            false => LATER_CHECK_INTERVAL,
        };
        let used = processor_time().saturating_sub(check.used);
        self.next_check = Instant::now() + interval.max(used * CHECK_SHARE);
    }
}

/// Returns the processor time that this thread has used.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_waits_for_a_processor_does_not_delay_the_next_one() {
        let mut closed = ClosedPorts::default();
        closed.insert(1);
        while closed.next_check() > Some(Duration::ZERO) {}
        let check = closed.take_due().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        closed.finish(&check, Some(Duration::ZERO));
        assert!(closed.next_check() < Some(Duration::from_secs(1)));
    }

    #[test]
    fn all_closed_ports_take_turns() {
        let mut closed = ClosedPorts::default();
        for port in 0..150 {
            closed.insert(port);
        }
        let mut seen = Vec::new();
        for _ in 0..3 {
            while closed.next_check() > Some(Duration::ZERO) {}
            let check = closed.take_due().unwrap();
            assert!(check.ports.len() <= CHECKED_PORTS);
            seen.extend(check.ports.iter().copied());
            closed.finish(&check, None);
            assert_eq!(closed.take_due(), None);
            closed.next_check = Instant::now();
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 150);
    }
}
