//! The scheduler's settings of a thread.

use std::time::Duration;

use libc::sched_attr;
use rustix::io::Errno;

use crate::errno;

/// Asks the scheduler to run the calling thread in slices of this length. With a short slice, the thread runs soon after
/// it has become ready, even while other threads use all processors. Its share of the processors stays the same. Threads
/// and processes that it creates inherit the slice. Kernels before Linux 6.12 ignore it.
pub fn set_slice(slice: Duration) -> Result<(), Errno> {
    let mut attributes = attributes()?;
    if attributes.sched_policy != libc::SCHED_OTHER.cast_unsigned() {
        return Ok(());
    }
    attributes.sched_runtime = u64::try_from(slice.as_nanos()).unwrap_or(u64::MAX);
    // SAFETY: the structure outlives the call, which only reads it.
    let result = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    errno::check(result)
}

fn attributes() -> Result<sched_attr, Errno> {
    let mut attributes = sched_attr {
        size: size_of::<sched_attr>() as u32,
        sched_policy: 0,
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
    };
    let size = attributes.size;
    // SAFETY: the kernel writes at most `size` bytes, which is the size of the structure.
    let result = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
    errno::check(result).map(|()| attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_other_settings_with_a_shorter_slice() {
        let settings = |one: &sched_attr| (one.sched_policy, one.sched_nice, one.sched_flags);
        let before = attributes().unwrap();
        set_slice(Duration::from_micros(100)).unwrap();
        let after = attributes().unwrap();
        assert_eq!(settings(&after), settings(&before));
        // Kernels before Linux 6.12 report no slice of an ordinary thread.
        if before.sched_runtime != 0 {
            assert_eq!(after.sched_runtime, 100_000);
        }
    }
}
