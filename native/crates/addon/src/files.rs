//! Locks, byte streams, and the clock that the helper reads too.

use std::os::fd::{AsFd, IntoRawFd};
use std::path::Path;

use napi_derive::napi;
use sys::{descriptor, lock, pidfd, stream};

use crate::error::{Result, from_lock, system};

/// A descriptor that holds the lock until it is closed; nothing when somebody else has it.
#[napi]
pub fn lock_file(directory: String, name: String) -> Result<Option<i32>> {
    let directory =
        descriptor::open_directory(Path::new(&directory)).map_err(system("open the directory"))?;
    let held = lock::try_exclusive(directory.as_fd(), &name).map_err(from_lock)?;
    Ok(held.map(IntoRawFd::into_raw_fd))
}

/// Two connected ends; only the first does not wait.
#[napi]
pub fn stream_pair() -> Result<Vec<i32>> {
    let (first, second) = stream::pair().map_err(system("socketpair"))?;
    Ok(vec![first.into_raw_fd(), second.into_raw_fd()])
}

/// Clock ticks since boot; nothing when the process is gone.
#[napi]
pub fn process_start_time(pid: u32) -> Option<f64> {
    pidfd::start_time(pid).map(|ticks| ticks as f64)
}

/// CLOCK_MONOTONIC in nanoseconds; exact for the first hundred days after boot.
#[napi]
pub fn monotonic() -> f64 {
    sys::clock::monotonic().in_nanoseconds() as f64
}
