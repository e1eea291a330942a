//! Comparing an upper directory with the layers below.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, openat, statat};
use walk::{DIRECTORY, Step, Walk};

use crate::overlay::{is_opaque, is_whiteout};

/// Writes each change in the upper directory: `C`, `A` or `D`, the path from the root, and a NUL. `lowers` are the layers
/// below it, base first.
pub fn write_changes(upper: BorrowedFd<'_>, lowers: &[OwnedFd], output: OwnedFd) -> Result<()> {
    let mut output = BufWriter::new(File::from(output));
    let mut walk = Walk::sorted(upper).map_err(|error| error.errno)?;
    let mut depth = 0;
    // Depth of an added directory. The layers below have nothing in it.
    let mut added_at = None;
    while let Some(step) = walk.step().map_err(|error| error.errno)? {
        let entry = match step {
            Step::Entry(entry) => entry,
            Step::Left(_) => {
                depth -= 1;
                added_at = added_at.filter(|added| *added < depth);
                continue;
            }
        };
        let kind = if is_whiteout(&entry.status) {
            b'D'
        } else if added_at.is_none() && existed(lowers, walk.path()) {
            b'C'
        } else {
            b'A'
        };
        output.write_all(&[kind, b'/'])?;
        output.write_all(walk.path())?;
        output.write_all(&[0])?;
        if entry.kind() == FileType::Directory
            && walk.enter(&entry).map_err(|error| error.errno)?.is_some()
        {
            if kind == b'A' && added_at.is_none() {
                added_at = Some(depth);
            }
            depth += 1;
        }
    }
    output.flush()
}

/// Reports whether the layers show a file at a path.
fn existed(lowers: &[OwnedFd], path: &[u8]) -> bool {
    for lower in lowers.iter().rev() {
        match look_up(lower.as_fd(), path) {
            Lookup::Found => return true,
            Lookup::Hidden => return false,
            Lookup::Absent => {}
        }
    }
    false
}

/// Result of looking up a path in one layer.
enum Lookup {
    Found,
    /// Absent, and the layer hides the path in lower layers.
    Hidden,
    Absent,
}

fn look_up(layer: BorrowedFd<'_>, path: &[u8]) -> Lookup {
    let mut opaque = false;
    let mut current: Option<OwnedFd> = None;
    let mut parts = path.split(|byte| *byte == b'/').peekable();
    while let Some(part) = parts.next() {
        let parent = current.as_ref().map_or(layer, AsFd::as_fd);
        let Ok(status) = statat(parent, part, AtFlags::SYMLINK_NOFOLLOW) else {
            return if opaque {
                Lookup::Hidden
            } else {
                Lookup::Absent
            };
        };
        if is_whiteout(&status) {
            return Lookup::Hidden;
        }
        if parts.peek().is_none() {
            return Lookup::Found;
        }
        // A file that is not a directory hides a directory of that name in lower layers.
        let Ok(directory) = openat(parent, part, DIRECTORY, Mode::empty()) else {
            return Lookup::Hidden;
        };
        opaque |= is_opaque(directory.as_fd());
        current = Some(directory);
    }
    Lookup::Absent
}
