//! The names below a path of a tree.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::work::{EntryKind, ListedEntry};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, openat, openat2, statat};
use rustix::io::Errno;

use super::{failed, refused};
use crate::names::names;
use crate::store::{DIRECTORY, retry};

/// Writes what lies at a path and below, one JSON text a line.
pub fn list(root: BorrowedFd<'_>, path: &str, output: OwnedFd) -> Result<(), Failure> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let found = match retry(|| openat2(root, path, flags, Mode::empty(), resolve)) {
        Ok(found) => found,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
        Err(errno) => return Err(refused(path, errno)),
    };
    let mut listing = Listing {
        output: BufWriter::new(File::from(output)),
    };
    let written = listing.all(&found);
    written
        .and_then(|()| listing.output.flush())
        .map_err(|error| failed(path, &error.to_string(), Errno::from_io_error(&error)))
}

struct Listing {
    output: BufWriter<File>,
}

impl Listing {
    fn all(&mut self, found: &OwnedFd) -> std::io::Result<()> {
        let status = rustix::fs::fstat(found)?;
        let kind = kind_of(status.st_mode);
        self.tell("", kind)?;
        if kind == EntryKind::Directory {
            self.below(&openat(found, ".", DIRECTORY, Mode::empty())?, "")?;
        }
        Ok(())
    }

    fn below(&mut self, directory: &OwnedFd, path: &str) -> std::io::Result<()> {
        for name in names(directory.as_fd())? {
            // A name that is no text can be matched by no pattern and is copied with its directory only.
            let Ok(text) = name.to_str() else { continue };
            let status = statat(directory.as_fd(), &name, AtFlags::SYMLINK_NOFOLLOW)?;
            let kind = kind_of(status.st_mode);
            let path = format!("{path}{text}");
            self.tell(&path, kind)?;
            if kind == EntryKind::Directory {
                let below = openat(directory, &name, DIRECTORY, Mode::empty())?;
                self.below(&below, &format!("{path}/"))?;
            }
        }
        Ok(())
    }

    fn tell(&mut self, path: &str, kind: EntryKind) -> std::io::Result<()> {
        let entry = ListedEntry {
            path: path.to_owned(),
            kind,
        };
        serde_json::to_writer(&mut self.output, &entry)?;
        self.output.write_all(b"\n")
    }
}

fn kind_of(mode: u32) -> EntryKind {
    match FileType::from_raw_mode(mode) {
        FileType::Directory => EntryKind::Directory,
        FileType::RegularFile => EntryKind::File,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Other,
    }
}
