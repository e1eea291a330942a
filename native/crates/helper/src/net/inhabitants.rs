//! Whether anybody is in a network namespace.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

use rustix::fs::{fstat, stat};

/// Whether any process is in one of these namespaces.
pub fn are_in<'namespaces>(namespaces: impl Iterator<Item = &'namespaces OwnedFd>) -> bool {
    let numbers: BTreeSet<u64> = namespaces
        .filter_map(|namespace| fstat(namespace).ok())
        .map(|status| status.st_ino)
        .collect();
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return true;
    };
    let numbered = processes.filter_map(Result::ok).filter(|entry| {
        let name = entry.file_name();
        name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
    });
    let mut namespaces = numbered.filter_map(|entry| stat(entry.path().join("ns/net")).ok());
    namespaces.any(|status| numbers.contains(&status.st_ino))
}
