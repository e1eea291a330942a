//! Making a layer of an upper directory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::work::Unpacked;
use protocol::zygote::{Mapping, MappingMode};
use rustix::fs::{
    AtFlags, Mode, OFlags, RenameFlags, Timespec, Timestamps, fremovexattr, mkdirat, openat,
    renameat, renameat_with, statat, syncfs, unlinkat, utimensat,
};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::copy::{failed, write_layer};
use crate::extract::{Extracted, OPAQUE, describe_implied};
use crate::names::names;
use crate::store::{DIRECTORY, Layers, open_parent, unique_name};
use crate::unpack::{hex, note};

/// Writes the directory's layer to the blobs and moves the directory to the layers; nothing if it is empty.
/// The store's other half knows of the layer only once it was synced.
pub fn keep(
    store: BorrowedFd<'_>,
    upper: &str,
    latest: Option<i64>,
    merge: bool,
    mapping: &Mapping,
) -> Result<Option<Unpacked>, Failure> {
    let refused = |errno: Errno| failed(upper, &errno.to_string(), Some(errno));
    let (parent, name) = open_parent(store, upper)?.ok_or_else(|| refused(Errno::NOENT))?;
    let directory = openat(&parent, name, DIRECTORY, Mode::empty()).map_err(refused)?;
    if let Some(latest) = latest {
        limit_times(directory.as_fd(), latest).map_err(refused)?;
    }
    if merge {
        show_below(directory.as_fd()).map_err(refused)?;
    }
    if is_empty(&directory).map_err(refused)? {
        return Ok(None);
    }
    let blobs = open_plain(store, "blobs").map_err(refused)?;
    let partials = ensure(&blobs, ".partial").map_err(refused)?;
    let committed = ensure(&blobs, "sha256").map_err(refused)?;
    let partial = format!("new-{}", unique_name());
    let written = write_blob(&partials, &partial, &directory).inspect_err(|_| {
        let _ = unlinkat(&partials, &partial, AtFlags::empty());
    })?;
    let hex = hex(&written.sha256);
    // One that a loss of power spoilt is replaced.
    renameat(&partials, &partial, &committed, hex.as_str()).map_err(refused)?;
    let found = Extracted {
        entries: written.entries,
        size: written.size,
        warnings: Vec::new(),
        owners_kept: true,
    };
    note(directory.as_fd(), &found)?;
    describe_implied(directory.as_fd()).map_err(refused)?;
    let layers = Layers::open(store)?;
    match renameat_with(
        &parent,
        name,
        layers.committed(),
        hex.as_str(),
        RenameFlags::NOREPLACE,
    ) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(refused(errno)),
    }
    Ok(Some(Unpacked {
        diff_id: format!("sha256:{hex}"),
        size: found.size,
        entries: found.entries,
        warnings: Vec::new(),
        owners_kept: mapping.mode == MappingMode::Range,
    }))
}

/// Makes all that was written to the store survive a loss of power.
pub fn sync(store: BorrowedFd<'_>) -> Result<(), Failure> {
    syncfs(store).map_err(|errno| failed("store", &errno.to_string(), Some(errno)))
}

struct Written {
    sha256: [u8; 32],
    entries: u64,
    size: u64,
}

fn write_blob(partials: &OwnedFd, name: &str, directory: &OwnedFd) -> Result<Written, Failure> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = openat(partials, name, flags, Mode::from_raw_mode(0o600))
        .map_err(|errno| failed(name, &errno.to_string(), Some(errno)))?;
    let sink = Hashing {
        file: File::from(file),
        sha256: Sha256::new(),
    };
    let (sink, counts) = write_layer(directory, BufWriter::with_capacity(256 * 1024, sink))?;
    let broken = |error: io::Error| failed(name, &error.to_string(), Errno::from_io_error(&error));
    let sink = sink
        .into_inner()
        .map_err(|error| broken(error.into_error()))?;
    Ok(Written {
        sha256: sink.sha256.finalize().into(),
        entries: counts.entries,
        size: counts.size,
    })
}

struct Hashing {
    file: File,
    sha256: Sha256,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.sha256.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What was modified later becomes this old, so that the same content gives the same layer whenever it is made.
fn limit_times(directory: BorrowedFd<'_>, latest: i64) -> Result<(), Errno> {
    let time = Timespec {
        tv_sec: latest,
        tv_nsec: 0,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    for name in names(directory)? {
        let status = statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        if rustix::fs::FileType::from_raw_mode(status.st_mode).is_dir() {
            let below = openat(directory, &name, DIRECTORY, Mode::empty())?;
            limit_times(below.as_fd(), latest)?;
        }
        if status.st_mtime > latest || status.st_mtime == latest && status.st_mtime_nsec > 0 {
            utimensat(directory, &name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        }
    }
    Ok(())
}

/// Takes away what hides the content of lower layers: the kernel marks every directory that it makes so.
fn show_below(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    for name in names(directory)? {
        let status = statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        if !rustix::fs::FileType::from_raw_mode(status.st_mode).is_dir() {
            continue;
        }
        let below = openat(directory, &name, DIRECTORY, Mode::empty())?;
        match fremovexattr(&below, OPAQUE) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno),
        }
        show_below(below.as_fd())?;
    }
    Ok(())
}

fn is_empty(directory: &OwnedFd) -> Result<bool, Errno> {
    Ok(names(directory.as_fd())?.is_empty())
}

fn open_plain(parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    openat(parent, name, DIRECTORY, Mode::empty())
}

fn ensure(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    match mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => open_plain(parent.as_fd(), name),
        Err(errno) => Err(errno),
    }
}
