//! Laying layers over one another: what overlayfs would show of them, and hide of those below.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use rustix::fs::{AtFlags, Mode, ResolveFlags, fstat, linkat, openat2, unlinkat};
use rustix::io::Errno;

use crate::copy::describe::Look;
use crate::copy::read::{attributes, is_opaque};
use crate::copy::{failed, refused};
use crate::extract::{make_directory, set_opaque};
use crate::names::names;
use crate::remove;
use crate::store::{DIRECTORY, Existing, open_parent, retry};

/// Lays the layers, base first, over one another in the upper directory, which is empty. Their files get one more name
/// there, so nothing of it may be changed. `lowers` are the layers below.
pub fn merge(
    store: BorrowedFd<'_>,
    upper: &str,
    layers: &[String],
    lowers: &[String],
) -> Result<(), Failure> {
    let open = |path: &String| open(store, path);
    let target = open(&upper.to_owned())?;
    let lowers = lowers.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    for layer in layers {
        let pair = Pair {
            source: open(layer)?,
            target: target.as_fd(),
            lowers: &lowers,
        };
        pair.lay()?;
    }
    Ok(())
}

/// A layer, and what the ones before it have become.
struct Pair<'a> {
    source: OwnedFd,
    target: BorrowedFd<'a>,
    lowers: &'a [OwnedFd],
}

fn open(store: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Failure> {
    let found = open_parent(store, path)?.ok_or_else(|| refused(path, Errno::NOENT))?;
    below(found.0.as_fd(), found.1.as_bytes()).map_err(|errno| refused(path, errno))
}

impl Pair<'_> {
    fn lay(&self) -> Result<(), Failure> {
        // By paths from the root: a layer may be deeper than descriptors can be open.
        let mut found = vec![Vec::new()];
        let mut next = 0;
        while let Some(path) = found.get(next).cloned() {
            next += 1;
            self.lay_directory(&path, &mut found).map_err(at(&path))?;
        }
        // Filling a directory changes its time, so each is described when those in it are.
        for path in found.iter().skip(1).rev() {
            self.describe(path).map_err(at(path))?;
        }
        Ok(())
    }

    fn describe(&self, path: &[u8]) -> Result<(), Problem> {
        let look = Look {
            owner: None,
            mode: None,
        };
        let from = below(self.source.as_fd(), path)?;
        let made = below(self.target, path)?;
        look.describe(&made, &attributes(&from), &fstat(&from)?)?;
        Ok(())
    }

    fn lay_directory(&self, path: &[u8], found: &mut Vec<Vec<u8>>) -> Result<(), Problem> {
        let from = below(self.source.as_fd(), path)?;
        let into = below(self.target, path)?;
        for name in names(from.as_fd())? {
            let existing = Existing::at(into.as_fd(), name.to_bytes())?;
            let own = Existing::at(from.as_fd(), name.to_bytes())?;
            if own == Existing::Directory {
                enter(&from, &into, &name, existing)?;
                let mut path = path.to_vec();
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend(name.to_bytes());
                found.push(path);
                continue;
            }
            if existing != Existing::Nothing {
                remove::tree(into.as_fd(), name.to_bytes())?;
            }
            // Where there is nothing below to hide, overlayfs may show the mark itself.
            if own != Existing::Whiteout || self.is_below(path, &name)? {
                linkat(&from, &name, &into, &name, AtFlags::empty())?;
            }
        }
        Ok(())
    }

    /// Whether any of the layers below has that name.
    fn is_below(&self, path: &[u8], name: &CStr) -> Result<bool, Errno> {
        for lower in self.lowers {
            match below(lower.as_fd(), path) {
                Ok(directory) => {
                    let existing = Existing::at(directory.as_fd(), name.to_bytes())?;
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
}

/// Makes the directory of that name what the other layers and this one make of it together.
fn enter(from: &OwnedFd, into: &OwnedFd, name: &CStr, existing: Existing) -> Result<(), Problem> {
    let opaque = is_opaque(below(from.as_fd(), name.to_bytes())?.as_fd());
    match existing {
        Existing::Directory if !opaque => return Ok(()),
        Existing::Directory => remove::tree(into.as_fd(), name.to_bytes())?,
        Existing::Nothing => {}
        Existing::Whiteout | Existing::Symlink | Existing::Other => {
            unlinkat(into, name, AtFlags::empty())?;
        }
    }
    let made = make_directory(into.as_fd(), name.to_bytes())?;
    // What was deleted or hidden below before this layer stays so.
    if opaque || existing != Existing::Nothing {
        set_opaque(made.as_fd())?;
    }
    Ok(())
}

fn below(root: BorrowedFd<'_>, path: &[u8]) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { b"." } else { path };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    retry(|| openat2(root, path, DIRECTORY, Mode::empty(), resolve))
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    System(#[from] Errno),
    #[error(transparent)]
    Remove(#[from] remove::RemoveError),
}

fn at(path: &[u8]) -> impl FnOnce(Problem) -> Failure {
    let path = String::from_utf8_lossy(path).into_owned();
    move |problem| match problem {
        Problem::System(errno) => refused(&path, errno),
        Problem::Remove(error) => failed(&path, &error.to_string(), None),
    }
}
