//! What a container has changed of its image.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, openat, statat};
use rustix::io::Errno;

use super::read::{is_opaque, is_whiteout};
use crate::names::names;
use crate::store::DIRECTORY;

/// Writes every change below the upper directory: `C`, `A` or `D`, the path from the root, a NUL. `lowers` are
/// the layers below it, base first.
pub fn changes(upper: &OwnedFd, lowers: &[OwnedFd], output: OwnedFd) -> std::io::Result<()> {
    let mut listing = Listing {
        lowers,
        output: BufWriter::new(File::from(output)),
    };
    listing.directory(upper, &mut Vec::new())?;
    listing.output.flush()
}

struct Listing<'l> {
    lowers: &'l [OwnedFd],
    output: BufWriter<File>,
}

impl Listing<'_> {
    fn directory(&mut self, directory: &OwnedFd, path: &mut Vec<CString>) -> std::io::Result<()> {
        for name in names(directory.as_fd())? {
            let status = match statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                result => result?,
            };
            path.push(name);
            if is_whiteout(&status) {
                self.tell(b'D', path)?;
            } else {
                self.tell(if self.existed(path) { b'C' } else { b'A' }, path)?;
                if FileType::from_raw_mode(status.st_mode) == FileType::Directory {
                    let name = path.last().map(CString::as_c_str).unwrap_or_default();
                    let below = openat(directory, name, DIRECTORY, Mode::empty())?;
                    self.directory(&below, path)?;
                }
            }
            path.pop();
        }
        Ok(())
    }

    fn tell(&mut self, kind: u8, path: &[CString]) -> std::io::Result<()> {
        self.output.write_all(&[kind])?;
        for part in path {
            self.output.write_all(b"/")?;
            self.output.write_all(part.to_bytes())?;
        }
        self.output.write_all(&[0])
    }

    /// Whether the layers show something at a path.
    fn existed(&self, path: &[CString]) -> bool {
        for lower in self.lowers.iter().rev() {
            match look(lower.as_fd(), path) {
                Found::Something => return true,
                Found::Hidden => return false,
                Found::Nothing => {}
            }
        }
        false
    }
}

enum Found {
    Something,
    /// By a mark of deletion: what lies below is not seen.
    Hidden,
    Nothing,
}

fn look(layer: BorrowedFd<'_>, path: &[CString]) -> Found {
    let mut hidden = false;
    let mut current: Option<OwnedFd> = None;
    for (index, part) in path.iter().enumerate() {
        let parent = current.as_ref().map_or(layer, AsFd::as_fd);
        let Ok(status) = statat(parent, part, AtFlags::SYMLINK_NOFOLLOW) else {
            return if hidden {
                Found::Hidden
            } else {
                Found::Nothing
            };
        };
        if is_whiteout(&status) {
            return Found::Hidden;
        }
        if index + 1 == path.len() {
            return Found::Something;
        }
        match open(parent, part) {
            Some(directory) => {
                hidden |= is_opaque(directory.as_fd());
                current = Some(directory);
            }
            // Something else than a directory hides what is below its name in lower layers.
            None => return Found::Hidden,
        }
    }
    Found::Nothing
}

fn open(parent: BorrowedFd<'_>, name: &CStr) -> Option<OwnedFd> {
    openat(parent, name, DIRECTORY, Mode::empty()).ok()
}
