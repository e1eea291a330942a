//! The kernel's clocks, by the C library: rustix ends the process where the kernel's vDSO lacks a function
//! that nobody here calls, as that of User-Mode Linux does.

/// A reading, in seconds and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading {
    pub seconds: i64,
    pub nanoseconds: i64,
}

impl Reading {
    /// All of it in nanoseconds; 0 for what came before the clock began.
    pub fn in_nanoseconds(self) -> u64 {
        u64::try_from(self.seconds * 1_000_000_000 + self.nanoseconds).unwrap_or(0)
    }
}

/// Since 1970, UTC.
pub fn wall() -> Reading {
    read(libc::CLOCK_REALTIME)
}

/// Since some moment; the same for all processes.
pub fn monotonic() -> Reading {
    read(libc::CLOCK_MONOTONIC)
}

fn read(clock: libc::clockid_t) -> Reading {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for the call; both clocks exist on every Linux.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    Reading {
        seconds: time.tv_sec,
        nanoseconds: time.tv_nsec,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_clock_counts_from_1970_and_the_other_never_goes_back() {
        let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        assert!(wall().seconds.abs_diff(since_epoch as i64) <= 1);
        let before = monotonic();
        assert!(monotonic() >= before);
        assert!(before.in_nanoseconds() > 0);
    }
}
