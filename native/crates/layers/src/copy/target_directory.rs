//! Target directories of copies, in a container's root.

use std::ffi::CStr;
use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use rustix::fs::{Gid, Mode, OFlags, Uid, fchmod, fchown, mkdirat, openat, readlinkat};
use rustix::io::Errno;
use walk::DIRECTORY;

use super::metadata_overrides::MetadataOverrides;
use super::path::{c_string, open_text};
use crate::file_failure::refused;

/// Mode of created directories, unless the copy sets one.
const NEW_DIRECTORY: u32 = 0o755;

/// Maximum number of symbolic links in a path, as in the kernel.
const MAX_LINKS: usize = 40;

/// Opens a directory and creates missing ones on its path, with the owner and mode of the copies. The target of a dangling
/// symbolic link is created below the root.
pub fn ensure_directory(
    root: BorrowedFd<'_>,
    path: &str,
    overrides: &MetadataOverrides,
) -> Result<OwnedFd, Failure> {
    ensure(root, path, overrides, MAX_LINKS)
}

fn ensure(
    root: BorrowedFd<'_>,
    path: &str,
    overrides: &MetadataOverrides,
    links: usize,
) -> Result<OwnedFd, Failure> {
    let at_path = |errno| refused(path, errno);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut done = String::from("/");
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        let parent = open_text(root, &done, flags).map_err(at_path)?;
        let above = done.clone();
        done = format!("{done}{part}/");
        match open_text(root, &done, OFlags::PATH) {
            Err(Errno::NOENT) if part != ".." => {}
            Ok(_) => continue,
            Err(errno) => return Err(at_path(errno)),
        }
        let name = c_string(part)?;
        match mkdirat(&parent, &name, Mode::from_raw_mode(NEW_DIRECTORY)) {
            Err(Errno::EXIST) => {
                let remaining = links.checked_sub(1).ok_or_else(|| at_path(Errno::LOOP))?;
                let target = link_target(&parent, &name, &above).map_err(at_path)?;
                ensure(root, &target, overrides, remaining)?;
                continue;
            }
            made => made.map_err(at_path)?,
        }
        let owner = overrides.owner.filter(|owner| *owner != (0, 0));
        let mode = overrides
            .mode_of_new_directory()
            .filter(|mode| *mode != NEW_DIRECTORY);
        if owner.is_none() && mode.is_none() {
            continue;
        }
        let directory = openat(&parent, &name, DIRECTORY, Mode::empty()).map_err(at_path)?;
        if let Some((uid, gid)) = owner {
            let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
            fchown(&directory, Some(uid), Some(gid)).map_err(at_path)?;
        }
        if let Some(mode) = mode {
            fchmod(&directory, Mode::from_raw_mode(mode)).map_err(at_path)?;
        }
    }
    open_text(root, &done, flags).map_err(at_path)
}

/// Returns the path below the root that a symbolic link in the directory `above` leads to.
fn link_target(parent: &OwnedFd, name: &CStr, above: &str) -> Result<String, Errno> {
    let target = readlinkat(parent, name, Vec::new())?;
    let target = target.into_string().map_err(|_| Errno::INVAL)?;
    if target.starts_with('/') {
        return Ok(target);
    }
    Ok(format!("{above}{target}"))
}
