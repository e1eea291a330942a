//! File locks, byte streams and clocks.

use std::os::fd::{AsFd, IntoRawFd};
use std::path::Path;

use napi_derive::napi;
use sys::{descriptor, lock, pidfd, stream};

use crate::error::{Result, from_lock, system};

/// Locks a file. Returns a descriptor that holds the lock until it is closed, or nothing if the lock is held
/// already.
#[napi]
pub fn lock_file(directory: String, name: String) -> Result<Option<i32>> {
    let directory =
        descriptor::open_directory(Path::new(&directory)).map_err(system("open directory"))?;
    let held = lock::try_exclusive(directory.as_fd(), &name).map_err(from_lock)?;
    Ok(held.map(IntoRawFd::into_raw_fd))
}

/// Returns two connected sockets. Only the first is non-blocking.
#[napi]
pub fn stream_pair() -> Result<Vec<i32>> {
    let (first, second) = stream::pair().map_err(system("socketpair"))?;
    Ok(vec![first.into_raw_fd(), second.into_raw_fd()])
}

/// Returns the start time of a process in clock ticks since boot; nothing if it does not exist.
#[napi]
pub fn process_start_time(pid: u32) -> Option<f64> {
    pidfd::start_time(pid).map(|ticks| ticks as f64)
}

/// Returns CLOCK_REALTIME as seconds and nanoseconds.
#[napi]
pub fn wall_clock() -> Vec<i64> {
    let time = sys::clock::wall();
    vec![time.seconds, time.nanoseconds]
}

/// Returns CLOCK_MONOTONIC in nanoseconds, exact for the first hundred days after boot. The helper uses the same
/// clock.
#[napi]
pub fn monotonic() -> f64 {
    sys::clock::monotonic().in_nanoseconds() as f64
}
