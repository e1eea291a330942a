//! Names of the files in a tree.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::file_name;
use protocol::work::{EntryKind, ListedEntry};
use rustix::fs::{FileType, OFlags, fstat};
use rustix::io::Errno;
use walk::resolve::in_root;
use walk::{Step, Walk};

use crate::file_failure::{broken, refused};

/// Writes the file at a path and everything below it, one JSON object a line. Writes nothing if the path does not exist.
pub fn list(root: BorrowedFd<'_>, path: &str, output: OwnedFd) -> std::result::Result<(), Failure> {
    let found = match in_root(root, path, OFlags::PATH) {
        Ok(found) => found,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
        Err(errno) => return Err(refused(path, errno)),
    };
    write_tree(found.as_fd(), BufWriter::new(File::from(output)))
        .map_err(|error| broken(path, &error))
}

fn write_tree(top: BorrowedFd<'_>, mut output: impl Write) -> Result<()> {
    let kind = kind_of(FileType::from_raw_mode(fstat(top)?.st_mode));
    write_entry(&mut output, "", kind)?;
    if kind == EntryKind::Directory {
        write_below(top, &mut output)?;
    }
    output.flush()
}

fn write_below(top: BorrowedFd<'_>, output: &mut impl Write) -> Result<()> {
    let mut walk = Walk::sorted(top).map_err(|error| error.errno)?;
    while let Some(step) = walk.step().map_err(|error| error.errno)? {
        let Step::Entry(entry) = step else { continue };
        let path = file_name::to_text(walk.path());
        let kind = kind_of(entry.kind());
        write_entry(output, &path, kind)?;
        if kind == EntryKind::Directory {
            walk.enter(&entry).map_err(|error| error.errno)?;
        }
    }
    Ok(())
}

fn write_entry(output: &mut impl Write, path: &str, kind: EntryKind) -> Result<()> {
    let entry = ListedEntry {
        path: path.to_owned(),
        kind,
    };
    serde_json::to_writer(&mut *output, &entry)?;
    output.write_all(b"\n")
}

fn kind_of(kind: FileType) -> EntryKind {
    match kind {
        FileType::Directory => EntryKind::Directory,
        FileType::RegularFile => EntryKind::File,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Other,
    }
}
