//! Merging layers into one, which overlayfs shows like the layers together.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use rustix::fs::{AtFlags, linkat, unlinkat};
use rustix::io::Errno;
use walk::resolve::deep_directory_beneath;
use walk::{DirectoryStack, Entry, Step, Walk, WalkError};

use crate::file_failure::{failed, refused, walk_failed};
use crate::metadata::{Metadata, make_directory};
use crate::overlay::{Existing, is_opaque, set_opaque};
use crate::remove::{RemoveError, remove_tree};
use crate::store::open_directory;

/// Merges layers, base first, into the upper directory, which is empty. Files become hard links to the layers' files,
/// so the upper directory must not be changed later. `lowers` are the layers below.
pub fn merge(
    store: BorrowedFd<'_>,
    upper: &str,
    layers: &[String],
    lowers: &[String],
) -> Result<(), Failure> {
    let lowers = lowers
        .iter()
        .map(|path| open_directory(store, path))
        .collect::<Result<Vec<_>, _>>()?;
    for layer in layers {
        let source = open_directory(store, layer)?;
        let target = open_directory(store, upper)?;
        let mut walk = Walk::sorted(source.as_fd()).map_err(walk_failed)?;
        let merged = merge_layer(&mut walk, target, &lowers);
        merged.map_err(|problem| problem.at(walk.path()))?;
    }
    Ok(())
}

/// Adds a layer to the ones that are already in the target.
fn merge_layer(walk: &mut Walk, target: OwnedFd, lowers: &[OwnedFd]) -> Result<(), Problem> {
    let mut targets = DirectoryStack::new(target);
    while let Some(step) = walk.step()? {
        match step {
            Step::Entry(entry) => {
                let target = targets.current().as_fd();
                match Existing::of(&entry.status) {
                    Existing::Directory => {
                        if let Some(source) = walk.enter(&entry)? {
                            let directory = merge_directory(target, &entry.name, source.as_fd())?;
                            targets.push(directory)?;
                        }
                    }
                    kind => merge_file(walk.path(), &entry, kind, target, lowers)?,
                }
            }
            // Filling a directory changes its time, so its metadata is set afterwards.
            Step::Left(left) => {
                if let Some(target) = targets.pop()? {
                    Metadata::read(&left.directory, &left.entry.status).apply(&target)?;
                }
            }
        }
    }
    Ok(())
}

/// Links a file into the target.
fn merge_file(
    path: &[u8],
    entry: &Entry,
    kind: Existing,
    target: BorrowedFd<'_>,
    lowers: &[OwnedFd],
) -> Result<(), Problem> {
    let name = entry.name.to_bytes();
    if Existing::at(target, name)? != Existing::Nothing {
        remove_tree(target, name)?;
    }
    // If there is nothing below to hide, overlayfs may show the whiteout itself.
    if kind != Existing::Whiteout || exists_in(lowers, path)? {
        linkat(
            &entry.parent,
            &entry.name,
            target,
            &entry.name,
            AtFlags::empty(),
        )?;
    }
    Ok(())
}

/// Opens the target of a directory, and creates it if necessary.
fn merge_directory(
    target: BorrowedFd<'_>,
    name: &CStr,
    source: BorrowedFd<'_>,
) -> Result<OwnedFd, Problem> {
    let opaque = is_opaque(source);
    let existing = Existing::at(target, name.to_bytes())?;
    match existing {
        Existing::Directory if !opaque => {
            return Ok(walk::resolve::directory_beneath(target, name)?);
        }
        Existing::Directory => remove_tree(target, name.to_bytes())?,
        Existing::Nothing => {}
        Existing::Whiteout | Existing::Symlink | Existing::Other => {
            unlinkat(target, name, AtFlags::empty())?;
        }
    }
    let made = make_directory(target, name.to_bytes())?;
    // The layers before this one deleted or hid the directory of lower layers.
    if opaque || existing != Existing::Nothing {
        set_opaque(made.as_fd())?;
    }
    Ok(made)
}

/// Reports whether any of the layers below has a file at a path.
fn exists_in(lowers: &[OwnedFd], path: &[u8]) -> Result<bool, Errno> {
    let slash = path.iter().rposition(|byte| *byte == b'/');
    let (parent, name) = match slash {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&path[..0], path),
    };
    for lower in lowers {
        match deep_directory_beneath(lower.as_fd(), parent) {
            Ok(directory) => {
                let existing = Existing::at(directory.as_fd(), name)?;
                if !matches!(existing, Existing::Nothing | Existing::Whiteout) {
                    return Ok(true);
                }
            }
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(false)
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    System(#[from] Errno),
    #[error(transparent)]
    Walk(#[from] WalkError),
    #[error(transparent)]
    Remove(#[from] RemoveError),
}

impl Problem {
    fn at(self, path: &[u8]) -> Failure {
        let path = String::from_utf8_lossy(path);
        match self {
            Self::System(errno) => refused(&path, errno),
            Self::Walk(error) => walk_failed(error),
            Self::Remove(error) => failed(&path, &error.to_string(), Some(error.errno)),
        }
    }
}
