//! Copying files out of and into a container's root: `docker cp`.
//!
//! The container may run and be hostile: every name is looked up below a descriptor of its root, and below
//! that of a directory once that is open.

mod changes;
pub(crate) mod describe;
mod list;
mod mode;
mod probe;
pub(crate) mod read;
mod transfer;
mod write;

pub use list::list;
pub use transfer::{Sources, transfer};

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::work::{FileStatus, UnpackLimits};
use protocol::zygote::Mapping;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, openat2, readlinkat, statat};
use rustix::io::Errno;

use crate::archive::Reader;
use crate::copy::read::{Counts, Extent};
use crate::extract::{Extractor, Place};
use crate::store::{DIRECTORY, retry};
use crate::stream;
use crate::unpack::UnpackError;

/// What lies at a path: of a link itself, unless the path ends with a slash.
pub fn status(root: BorrowedFd<'_>, path: &str) -> Result<FileStatus, Failure> {
    let (parent, name) = open(root, path)?;
    let found = statat(&parent, name.as_str(), AtFlags::SYMLINK_NOFOLLOW);
    let found = found.map_err(|errno| refused(path, errno))?;
    let kind = FileType::from_raw_mode(found.st_mode);
    let target = match kind {
        FileType::Symlink => {
            let target = readlinkat(&parent, name.as_str(), Vec::new());
            let target = target.map_err(|errno| refused(path, errno))?;
            String::from_utf8_lossy(target.as_bytes()).into_owned()
        }
        _ => String::new(),
    };
    Ok(FileStatus {
        mode: found.st_mode,
        size: found.st_size.unsigned_abs(),
        modified: found.st_mtime,
        nanoseconds: found.st_mtime_nsec,
        target,
    })
}

/// Writes what lies at a path to `output` as a tar, its entries named after the last part of the path, `./` where
/// that is a dot: those of the root begin with a slash, and those of the empty path, which is the root as well, with
/// nothing.
pub fn archive(root: BorrowedFd<'_>, path: &str, output: OwnedFd) -> Result<(), Failure> {
    let explain = |error: read::ReadError| failed(path, &error.to_string(), error.errno());
    if path.is_empty() {
        return read::contents(root, output).map_err(explain);
    }
    let (parent, name) = open(root, path)?;
    // The root stands for the container's own files; whoever names a place means what is there.
    let extent = match path.trim_matches(['/', '.']) {
        "" => Extent::OneMount,
        _ => Extent::Everything,
    };
    read::tree(&parent, &name, label(path), extent, output).map_err(explain)
}

/// The last part of a path, slashes at its end apart; never one that leads up.
fn label(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit('/').next() {
        Some("..") => ".",
        last => last.unwrap_or_default(),
    }
}

/// Unpacks a tar, plain or compressed, into the directory at a path.
pub fn extract(
    root: BorrowedFd<'_>,
    path: &str,
    source: OwnedFd,
    options: &ExtractOptions<'_>,
) -> Result<(), Failure> {
    // Where it really is: the entries' own names are resolved below it.
    let directory = write::directory_of(root, path).map_err(|errno| refused(path, errno))?;
    let place = Place {
        directory,
        keep_kinds: options.keep_kinds,
    };
    let limits = UnpackLimits {
        bytes: u64::MAX,
        entries: u64::MAX,
    };
    let result = stream::read(source, limits.bytes, &mut |_| {}, |chunks| {
        let mut archive = Reader::new(chunks);
        let mut extractor = Extractor::new(root, options.mapping, limits).into_place(place);
        if options.squash {
            extractor = extractor.owned_by((0, 0), options.mapping);
        }
        while let Some(entry) = archive.next()? {
            extractor.add(entry, &mut archive)?;
        }
        extractor.finish()?;
        Ok::<_, UnpackError>(())
    });
    result.map(|_| ()).map_err(Failure::from)
}

/// Writes what a container has changed of its image, as a layer.
pub fn layer(store: BorrowedFd<'_>, upper: &str, output: OwnedFd) -> Result<(), Failure> {
    let directory = open_store(store, upper)?;
    let output = BufWriter::with_capacity(256 * 1024, File::from(output));
    write_layer(&directory, output).map(|_| ())
}

/// Writes an upper directory as a layer; gives the sink back, flushed, and what went into it.
pub fn write_layer<W: Write>(directory: &OwnedFd, output: W) -> Result<(W, Counts), Failure> {
    read::layer(directory, output)
        .map_err(|error| failed("layer", &error.to_string(), error.errno()))
}

/// Lists what a container has changed of its image, whose layers are `lowers`, base first.
pub fn list_changes(
    store: BorrowedFd<'_>,
    upper: &str,
    lowers: &[String],
    output: OwnedFd,
) -> Result<(), Failure> {
    let directory = open_store(store, upper)?;
    let lowers = lowers
        .iter()
        .map(|path| open_store(store, path))
        .collect::<Result<Vec<_>, _>>()?;
    changes::changes(&directory, &lowers, output)
        .map_err(|error| failed(upper, &error.to_string(), Errno::from_io_error(&error)))
}

fn open_store(store: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Failure> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    retry(|| openat2(store, path, DIRECTORY, Mode::empty(), resolve))
        .map_err(|errno| refused(path, errno))
}

pub struct ExtractOptions<'a> {
    pub mapping: &'a Mapping,
    /// A directory and something else never take each other's place.
    pub keep_kinds: bool,
    /// Everything is root's.
    pub squash: bool,
}

/// Opens the directory of a path's last part, which is `.` where the path ends with a slash.
fn open(root: BorrowedFd<'_>, path: &str) -> Result<(OwnedFd, String), Failure> {
    let (parent, name) = match path.rsplit_once('/') {
        Some((_, "" | ".")) => (path, "."),
        Some((_, "..")) => (path, "."),
        Some((parent, name)) => (parent, name),
        None => ("", path),
    };
    let name = if name.is_empty() { "." } else { name };
    open_directory(root, parent)
        .map(|directory| (directory, name.to_owned()))
        .map_err(|errno| refused(path, errno))
}

/// Opens a directory as a process with this root would see it.
fn open_directory(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { "/" } else { path };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    retry(|| openat2(root, path, flags, Mode::empty(), resolve))
}

pub fn refused(path: &str, errno: Errno) -> Failure {
    match errno {
        Errno::NOENT => failed(path, "no such file or directory", Some(errno)),
        Errno::NOTDIR => failed(path, "not a directory", Some(errno)),
        _ => failed(path, &errno.to_string(), Some(errno)),
    }
}

pub fn failed(path: &str, reason: &str, errno: Option<Errno>) -> Failure {
    let kind = match errno {
        Some(Errno::NOENT) => FailureKind::NotFound,
        Some(Errno::NOTDIR | Errno::LOOP) => FailureKind::InvalidArgument,
        Some(Errno::NOSPC | Errno::DQUOT) => FailureKind::Exhausted,
        _ => FailureKind::System,
    };
    Failure {
        kind,
        step: "copy".to_owned(),
        subject: Some(path.to_owned()),
        errno: errno.map(Errno::raw_os_error),
        message: format!("{path}: {reason}"),
    }
}
