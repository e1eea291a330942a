//! Marks of deletion. Wherever they stand in the archive, they hide lower layers and never an entry
//! of their own layer.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, Mode, mknodat, openat, utimensat};

use super::directories::{Directories, EPOCH, Through, set_opaque, timestamps};
use super::name::Path;
use super::{Problem, doing};
use crate::store::{DIRECTORY, Existing};

/// Hides what lower layers have at `path`. Below something that is not a directory in this layer
/// there is nothing to hide.
pub fn hide(directories: &mut Directories<'_>, path: &Path) -> Result<(), Problem> {
    let Some(parent) = directories.get(path.parent(), Through::DirectoriesOnly)? else {
        return Ok(());
    };
    let failed = "marking it as deleted";
    match Existing::at(parent.fd(), path.name()).map_err(doing(failed))? {
        Existing::Nothing => {
            let device = FileType::CharacterDevice;
            mknodat(parent.change(), path.name(), device, Mode::empty(), 0)
                .and_then(|()| {
                    // Nobody sees it, but unpacking twice is to give the same tree.
                    let flags = AtFlags::SYMLINK_NOFOLLOW;
                    utimensat(parent.fd(), path.name(), &timestamps(EPOCH), flags)
                })
                .map_err(doing(failed))
        }
        // This layer's directory takes the place of the deleted one instead of adding to it.
        Existing::Directory => openat(parent.fd(), path.name(), DIRECTORY, Mode::empty())
            .and_then(|directory| set_opaque(directory.as_fd()))
            .map_err(doing(failed)),
        Existing::Whiteout | Existing::Symlink | Existing::Other => Ok(()),
    }
}

/// Hides what lower layers have in the directory at `path`.
pub fn hide_content(directories: &mut Directories<'_>, path: &[u8]) -> Result<(), Problem> {
    if path.is_empty() {
        return Err(Problem::OpaqueRoot);
    }
    match directories.get(path, Through::DirectoriesOnly)? {
        Some(directory) => {
            set_opaque(directory.fd()).map_err(doing("marking its directory as opaque"))
        }
        None => Ok(()),
    }
}
