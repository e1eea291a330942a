//! Whiteouts. They hide entries of lower layers and never an entry of their own layer, whatever the order in the archive.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, Mode, mknodat, openat, utimensat};
use walk::DIRECTORY;

use super::entry_path::EntryPath;
use super::open_directories::{Links, OpenDirectories};
use super::problem::{Problem, during};
use crate::metadata::{EPOCH, timestamps};
use crate::overlay::{Existing, set_opaque};

/// Hides `path` in lower layers. If its parent is not a directory in this layer, there is nothing to hide.
pub fn hide(directories: &mut OpenDirectories<'_>, path: &EntryPath) -> Result<(), Problem> {
    let Some(parent) = directories.get(path.parent(), Links::Refuse)? else {
        return Ok(());
    };
    let action = "marking it as deleted";
    match Existing::at(parent.fd(), path.name()).map_err(during(action))? {
        Existing::Nothing => {
            let device = FileType::CharacterDevice;
            mknodat(parent.change(), path.name(), device, Mode::empty(), 0)
                .and_then(|()| {
                    // No container sees the time, but every extraction must create the same tree.
                    let flags = AtFlags::SYMLINK_NOFOLLOW;
                    utimensat(parent.fd(), path.name(), &timestamps(EPOCH), flags)
                })
                .map_err(during(action))
        }
        // The directory of this layer replaces the deleted one instead of adding to it.
        Existing::Directory => openat(parent.fd(), path.name(), DIRECTORY, Mode::empty())
            .and_then(|directory| set_opaque(directory.as_fd()))
            .map_err(during(action)),
        Existing::Whiteout | Existing::Symlink | Existing::Other => Ok(()),
    }
}

/// Hides the content of the directory at `path` in lower layers.
pub fn hide_content(directories: &mut OpenDirectories<'_>, path: &[u8]) -> Result<(), Problem> {
    if path.is_empty() {
        return Err(Problem::OpaqueRoot);
    }
    match directories.get(path, Links::Refuse)? {
        Some(directory) => {
            set_opaque(directory.fd()).map_err(during("marking its directory as opaque"))
        }
        None => Ok(()),
    }
}
