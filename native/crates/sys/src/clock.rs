//! The kernel's clocks, read through libc. rustix aborts if the kernel's vDSO lacks any function that rustix looks up,
//! even an unused one, and the vDSO of User-Mode Linux lacks one.

/// A time, in seconds and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    pub seconds: i64,
    pub nanoseconds: i64,
}

impl Time {
    /// Returns the time in nanoseconds; 0 for a negative time.
    pub fn in_nanoseconds(self) -> u64 {
        u64::try_from(self.seconds * 1_000_000_000 + self.nanoseconds).unwrap_or(0)
    }
}

/// Returns the time since 1970, UTC.
pub fn wall() -> Time {
    read(libc::CLOCK_REALTIME)
}

/// Returns the time since an unspecified moment that is the same for all processes.
pub fn monotonic() -> Time {
    read(libc::CLOCK_MONOTONIC)
}

fn read(clock: libc::clockid_t) -> Time {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for the call; both clocks exist on every Linux.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    Time {
        seconds: time.tv_sec,
        nanoseconds: time.tv_nsec,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_counts_from_1970_and_the_monotonic_clock_never_goes_back() {
        let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        assert!(wall().seconds.abs_diff(since_epoch as i64) <= 1);
        let before = monotonic();
        assert!(monotonic() >= before);
        assert!(before.in_nanoseconds() > 0);
    }
}
