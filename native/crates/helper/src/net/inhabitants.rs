//! Whether anybody is in a network namespace.

use std::collections::BTreeSet;

use rustix::fs::stat;

/// Whether any process is in one of these namespaces, by their numbers: see `network::sandbox::Sandbox`.
pub fn are_in(namespaces: &BTreeSet<u64>) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return true;
    };
    let numbered = processes.filter_map(Result::ok).filter(|entry| {
        let name = entry.file_name();
        name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
    });
    // Not `ns/net`, which Landlock lets nobody look at who is confined by it.
    let mut found = numbered.filter_map(|entry| stat(entry.path().join("net/dev")).ok());
    found.any(|status| namespaces.contains(&status.st_ino))
}
