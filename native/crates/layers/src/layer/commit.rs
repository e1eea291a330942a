//! Committing an upper directory as a layer.

use std::fs::File;
use std::io::sink;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::work::Unpacked;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, Timespec, mkdirat, openat, renameat,
    renameat_with, syncfs, unlinkat, utimensat,
};
use rustix::io::Errno;
use walk::{DIRECTORY, Entry, Step, Walk, WalkError, is_empty};

use super::archive::pack_plain;
use super::diff_id::parse_diff_id;
use super::totals::LayerTotals;
use crate::file_failure::failed;
use crate::metadata::{set_defaults, timestamps};
use crate::overlay::clear_opaque;
use crate::pack::PackError;
use crate::store::{LayerStore, open_parent, unique_name};

pub struct CommitOptions {
    /// Latest modification time, in seconds since the epoch. Later times become this one, so that equal content makes
    /// equal layers.
    pub latest: Option<i64>,
    /// Whether new directories of the layer leave the content of lower layers visible: overlayfs marks each new
    /// directory opaque.
    pub merge: bool,
}

/// Moves an upper directory to the layers. Returns `None` if the directory is empty. No blob is written: the layer's files
/// make its archive again. The daemon records the layer only after a [`sync`].
pub fn commit(
    store: BorrowedFd<'_>,
    upper: &str,
    options: &CommitOptions,
) -> Result<Option<Unpacked>, Failure> {
    let refused = |errno: Errno| failed(upper, &errno.to_string(), Some(errno));
    let (parent, name) = open_parent(store, upper)?.ok_or_else(|| refused(Errno::NOENT))?;
    let directory = openat(&parent, name, DIRECTORY, Mode::empty()).map_err(refused)?;
    if let Some(latest) = options.latest {
        limit_times(directory.as_fd(), latest).map_err(|error| refused(error.errno))?;
    }
    if options.merge {
        clear_opaque_below(directory.as_fd()).map_err(|error| refused(error.errno))?;
    }
    if is_empty(directory.as_fd()).map_err(refused)? {
        return Ok(None);
    }
    let pack_failed = |error: PackError| failed(upper, &error.to_string(), error.errno());
    let (packed, counts) = pack_plain(directory.as_fd(), sink()).map_err(pack_failed)?;
    let totals = LayerTotals {
        size: counts.size,
        entries: counts.entries,
        owners_kept: true,
    };
    totals.write(directory.as_fd())?;
    set_defaults(directory.as_fd()).map_err(refused)?;
    let layers = LayerStore::open(store)?;
    let hex =
        parse_diff_id(&packed.diff_id).map_err(|error| failed(upper, &error.to_string(), None))?;
    let no_replace = RenameFlags::NOREPLACE;
    let mut committed = Unpacked {
        diff_id: packed.diff_id.clone(),
        size: totals.size,
        entries: totals.entries,
        warnings: Vec::new(),
        owners_kept: totals.owners_kept,
        archive_size: Some(packed.archive_size),
    };
    match renameat_with(&parent, name, layers.committed(), hex, no_replace) {
        Ok(()) => {}
        Err(Errno::EXIST) => keep_existing(store, directory.as_fd(), hex, &mut committed)?,
        Err(errno) => return Err(refused(errno)),
    }
    Ok(Some(committed))
}

/// Describes the layer that was in the store before. If it was unpacked from another blob and has lost owners or devices,
/// its files do not make the archive, and the blob is written from the upper directory.
fn keep_existing(
    store: BorrowedFd<'_>,
    upper: BorrowedFd<'_>,
    hex: &str,
    committed: &mut Unpacked,
) -> Result<(), Failure> {
    let layers = LayerStore::open(store)?;
    let Some(existing) = layers.find(hex)? else {
        return Ok(());
    };
    if let Some(totals) = LayerTotals::read(existing.as_fd()) {
        committed.owners_kept = totals.owners_kept;
    }
    let again = pack_plain(existing.as_fd(), sink());
    if again.is_ok_and(|(packed, _)| packed.diff_id == committed.diff_id) {
        return Ok(());
    }
    committed.archive_size = None;
    write_blob(store, upper).map_err(|error| error.describe(hex))
}

/// Syncs the store's file system, so that a power failure loses nothing that was written before.
pub fn sync(store: BorrowedFd<'_>) -> Result<(), Failure> {
    syncfs(store).map_err(|errno| failed("store", &errno.to_string(), Some(errno)))
}

/// An error of writing a blob, with the errno if the kernel reported one.
struct WriteBlobError(String, Option<Errno>);

impl WriteBlobError {
    fn describe(self, layer: &str) -> Failure {
        failed(layer, &self.0, self.1)
    }
}

impl From<Errno> for WriteBlobError {
    fn from(errno: Errno) -> Self {
        Self(errno.to_string(), Some(errno))
    }
}

/// Writes the blob under a temporary name and renames it to its digest.
fn write_blob(store: BorrowedFd<'_>, directory: BorrowedFd<'_>) -> Result<(), WriteBlobError> {
    let blobs = openat(store, "blobs", DIRECTORY, Mode::empty())?;
    let partials = ensure_directory(&blobs, ".partial")?;
    let committed = ensure_directory(&blobs, "sha256")?;
    let partial = format!("new-{}", unique_name());
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = openat(&partials, &partial, flags, Mode::from_raw_mode(0o600))?;
    let (packed, _) = pack_plain(directory, File::from(file))
        .map_err(|error| WriteBlobError(error.to_string(), error.errno()))
        .inspect_err(|_| {
            let _ = unlinkat(&partials, &partial, AtFlags::empty());
        })?;
    let hex = packed.diff_id.trim_start_matches("sha256:");
    // A blob that a power failure damaged is replaced.
    renameat(&partials, &partial, &committed, hex)?;
    Ok(())
}

fn limit_times(directory: BorrowedFd<'_>, latest: i64) -> Result<(), WalkError> {
    let mut walk = Walk::sorted(directory)?;
    while let Some(step) = walk.step()? {
        let entry = match step {
            // The time of a directory is set after those of its entries.
            Step::Entry(entry) if entry.kind() == FileType::Directory => {
                walk.enter(&entry)?;
                continue;
            }
            Step::Entry(entry) => entry,
            Step::Left(left) => left.entry,
        };
        limit_time(&entry, latest).map_err(|errno| WalkError {
            path: walk.path().to_vec(),
            errno,
        })?;
    }
    Ok(())
}

fn limit_time(entry: &Entry, latest: i64) -> Result<(), Errno> {
    let (seconds, nanoseconds) = (entry.status.st_mtime, entry.status.st_mtime_nsec);
    if seconds < latest || seconds == latest && nanoseconds == 0 {
        return Ok(());
    }
    let times = timestamps(Timespec {
        tv_sec: latest,
        tv_nsec: 0,
    });
    utimensat(
        &entry.parent,
        &entry.name,
        &times,
        AtFlags::SYMLINK_NOFOLLOW,
    )
}

fn clear_opaque_below(directory: BorrowedFd<'_>) -> Result<(), WalkError> {
    let mut walk = Walk::sorted(directory)?;
    while let Some(step) = walk.step()? {
        if let Step::Entry(entry) = step
            && entry.kind() == FileType::Directory
            && let Some(directory) = walk.enter(&entry)?
        {
            clear_opaque(directory.as_fd()).map_err(|errno| WalkError {
                path: walk.path().to_vec(),
                errno,
            })?;
        }
    }
    Ok(())
}

fn ensure_directory(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    match mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => openat(parent, name, DIRECTORY, Mode::empty()),
        Err(errno) => Err(errno),
    }
}
