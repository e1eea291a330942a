//! Digests of files and trees.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::io::{Errno, read};
use sha2::{Digest, Sha256};

use crate::error::ContextError;
use crate::listing::{Entry, Kind, Known, Listing, lock};
use crate::open::{Opener, Tree};

/// Maximum number of threads that hash.
const MAX_THREADS: usize = 8;
/// Number of files that a thread takes at once.
const BATCH: usize = 64;
/// Bytes that are read at once.
const BUFFER: usize = 128 * 1024;
/// A file that has just changed can change again within the same tick of the file system's clock.
const TICK_NANOSECONDS: i128 = 50_000_000;

impl Listing {
    /// Hashes the names, kinds, permissions and contents of a file or a directory tree, except the paths in `skip`, which
    /// are relative to the directory. Timestamps do not count. Returns `None` for a path that is not in the listing.
    pub fn digest(
        &self,
        tree: &Tree,
        path: &[u8],
        skip: &HashSet<Vec<u8>>,
    ) -> Result<Option<[u8; 32]>, ContextError> {
        let Some((top, entry)) = self
            .find(path)
            .and_then(|top| Some((top, self.entries().get(top)?)))
        else {
            return Ok(None);
        };
        let (base, range) = match entry.kind() {
            Kind::Directory if path.is_empty() => (0, self.below(top)),
            Kind::Directory => (path.len() + 1, self.below(top)),
            _ => (path.len(), top..top + 1),
        };
        let chosen: Vec<usize> = range
            .filter(|index| !is_skipped(&self.path(*index)[base..], skip))
            .collect();
        self.hash_files(tree, &chosen)?;
        let known = lock(&self.known);
        let mut hasher = Sha256::new();
        let entries = self.entries();
        for index in chosen {
            let Some(entry) = entries.get(index) else {
                continue;
            };
            // The null character separates fields, because no name contains it. A link's permissions have no meaning.
            let permissions = match entry.kind() {
                Kind::Link => 0,
                _ => entry.mode & 0o7777,
            };
            hasher.update(&self.path(index)[base..]);
            hasher.update(format!("\0{}\0{permissions}\0", entry.kind().as_str()));
            match (self.describe(index), known.get(index).copied().flatten()) {
                (Some((_, Some(target))), _) => hasher.update(target),
                (_, Some(known)) => hasher.update(hex(&known.digest)),
                _ => {}
            }
            hasher.update([0]);
        }
        Ok(Some(hasher.finalize().into()))
    }

    /// Hashes the chosen files whose digests are not known.
    fn hash_files(&self, tree: &Tree, chosen: &[usize]) -> Result<(), ContextError> {
        let unknown: Vec<usize> = {
            let known = lock(&self.known);
            let entries = self.entries();
            let is_file =
                |index: &usize| entries.get(*index).is_some_and(|e| e.kind() == Kind::File);
            let is_unknown = |index: &usize| known.get(*index).is_some_and(Option::is_none);
            chosen
                .iter()
                .copied()
                .filter(is_file)
                .filter(is_unknown)
                .collect()
        };
        let begun = now();
        let threads = available_parallelism()
            .map_or(1, usize::from)
            .min(MAX_THREADS);
        let threads = threads.min(unknown.len().div_ceil(BATCH)).max(1);
        let next = AtomicUsize::new(0);
        let work = || self.hash_batches(tree, &unknown, &next, begun);
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads)
                .filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok())
                .collect();
            let mut result = work();
            for other in others {
                result = result.and(other.join().unwrap_or(Ok(())));
            }
            result
        })
    }

    /// Hashes batch after batch until none is left.
    fn hash_batches(
        &self,
        tree: &Tree,
        unknown: &[usize],
        next: &AtomicUsize,
        begun: i128,
    ) -> Result<(), ContextError> {
        let mut opener = Opener::new(tree);
        let mut buffer = vec![0; BUFFER];
        loop {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(rest) = unknown.get(start..).filter(|rest| !rest.is_empty()) else {
                return Ok(());
            };
            let batch = &rest[..rest.len().min(BATCH)];
            let mut digests = Vec::with_capacity(batch.len());
            for index in batch {
                let path = self.path(*index);
                let digest = opener
                    .open(path)
                    .and_then(|file| digest_file(&file, &mut buffer))
                    .map_err(|errno| {
                        // The other threads find nothing left.
                        next.store(unknown.len(), Ordering::Relaxed);
                        let path = path.to_vec();
                        ContextError { path, errno }
                    })?;
                digests.push((*index, digest));
            }
            let mut known = lock(&self.known);
            for (index, digest) in digests {
                let lasting = self
                    .entries()
                    .get(index)
                    .is_some_and(|entry| is_old(entry, begun));
                if let Some(place) = known.get_mut(index) {
                    *place = Some(Known { digest, lasting });
                }
            }
        }
    }
}

fn digest_file(file: &OwnedFd, buffer: &mut [u8]) -> Result<[u8; 32], Errno> {
    let mut hasher = Sha256::new();
    loop {
        match read(file, &mut *buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

fn is_old(entry: &Entry, begun: i128) -> bool {
    let (seconds, nanoseconds) = entry.stamp.changed();
    let changed = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    begun - changed > TICK_NANOSECONDS
}

/// Returns the nanoseconds since the epoch.
fn now() -> i128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos().cast_signed())
}

fn is_skipped(path: &[u8], skip: &HashSet<Vec<u8>>) -> bool {
    if skip.is_empty() {
        return false;
    }
    let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    skip.contains(path)
        || ends
            .map(|(at, _)| &path[..at])
            .any(|one| skip.contains(one))
}

/// Returns bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
