//! The limit of this user's processes.

use super::call::{Errno, call, number};
use super::process::exit;

/// Greatest argument of `startable`.
pub const LARGEST_PROBE: usize = 64;

/// `RLIMIT_NPROC`
const PROCESSES: usize = 6;
/// `__WALL`: also waits for children that send no signal at their end.
const ALL: usize = 0x4000_0000;

/// Returns the soft limit of this user's processes and threads; `u64::MAX` is no limit.
pub fn process_limit() -> u64 {
    let mut limits = [u64::MAX; 2];
    let arguments = [0, PROCESSES, 0, limits.as_mut_ptr() as usize];
    // SAFETY: the kernel writes its `struct rlimit64`, two numbers of 64 bits. It reads no new limits.
    let _ = unsafe { call(number::PRLIMIT64, arguments) };
    limits[0]
}

/// Returns how many of `wanted` processes can be started now. No file has the number of processes that count.
pub fn startable(wanted: usize) -> usize {
    let mut children = [0; LARGEST_PROBE];
    let mut count = 0;
    for child in children.iter_mut().take(wanted) {
        // SAFETY: without flags the call is fork(2), and the child only exits. Its end sends no signal, so it counts until
        // the wait below even if this program ignores SIGCHLD.
        match unsafe { call(number::CLONE, [0; 5]) } {
            Ok(0) => exit(0),
            Ok(pid) => *child = pid,
            Err(_) => break,
        }
        count += 1;
    }
    for pid in &children[..count] {
        // SAFETY: the call takes numbers only.
        while unsafe { call(number::WAIT4, [*pid, 0, ALL, 0]) } == Err(Errno::INTR) {}
    }
    count
}
