//! A directory of the host as root: read-only below, changes in memory on top.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use protocol::failure::{Failure, FailureKind};
use rustix::fs::{Mode, OFlags, mkdirat, symlinkat};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use crate::failure::{explained, system};
use crate::steps::attach;
use crate::steps::overlay::{Access, Overlay};
use crate::tree::{self, Kind, path_of};

/// Covered by mounts of the container's own, whatever the host has there.
const REPLACED: [&str; 3] = ["proc", "sys", "dev"];

/// Mounts the tree below `path` over the container's directory; `reopen` opens what covers it.
pub fn mount_host_root(
    place: BorrowedFd<'_>,
    reopen: impl Fn() -> Result<OwnedFd, Failure>,
    path: &str,
    access: Access,
) -> Result<OwnedFd, Failure> {
    if !Path::new(path).is_dir() {
        let message = format!("rootfs {path:?} is not a directory of the host");
        return Err(explained(FailureKind::InvalidArgument, "rootfs", message));
    }
    let refused = |errno| system("rootfs", path, errno);
    attach::create("tmpfs", &[("mode", "0755")], MountAttrFlags::empty())
        .and_then(|scratch| attach::attach(scratch.as_fd(), place))
        .map_err(refused)?;
    let scratch = reopen()?;
    for name in ["changes", "root"] {
        tree::make(scratch.as_fd(), name, Kind::Directory).map_err(refused)?;
    }
    let open = |name: &str| {
        tree::open_plain(scratch.as_fd(), name, OFlags::PATH | OFlags::DIRECTORY).map_err(refused)
    };
    let root = open("root")?;
    // The root must be a mount of its own to be pivoted to.
    let covered = attach::copy_of(root.as_fd(), false).map_err(refused)?;
    attach::attach(covered.as_fd(), root.as_fd()).map_err(refused)?;
    let root = open("root")?;
    let mut assembly = Assembly {
        changes: open("changes")?,
        count: 0,
        access,
    };
    assembly
        .cover(Path::new(path), root.as_fd(), 0)
        .map_err(refused)?;
    // An overlay over everything is on top of that mount.
    open("root")
}

/// The overlays that make up the root.
struct Assembly {
    changes: OwnedFd,
    count: usize,
    access: Access,
}

impl Assembly {
    /// Covers `target` with the host's directory. Where other file systems are mounted below it the
    /// kernel refuses one overlay, since it would uncover what they hide; then each entry gets its own.
    fn cover(&mut self, source: &Path, target: BorrowedFd<'_>, depth: usize) -> Result<(), Errno> {
        match self.overlay(source, target) {
            Err(Errno::INVAL) => self.cover_entries(source, target, depth),
            result => result,
        }
    }

    fn overlay(&mut self, source: &Path, target: BorrowedFd<'_>) -> Result<(), Errno> {
        let part = |kind: &str| -> Result<OwnedFd, Errno> {
            let name = format!("{kind}{}", self.count);
            let mode =
                fs::metadata(source).map_or(0o755, |found| found.permissions().mode() & 0o7777);
            mkdirat(&self.changes, &name, Mode::from_raw_mode(mode | 0o700))?;
            tree::open_plain(
                self.changes.as_fd(),
                &name,
                OFlags::PATH | OFlags::DIRECTORY,
            )
        };
        let overlay = Overlay {
            lowers: &[tree::open_host(&source.to_string_lossy())?],
            upper: &part("upper")?,
            work: &part("work")?,
            access: self.access,
            volatile: false,
        };
        self.count += 1;
        overlay.mount(&path_of(target))
    }

    fn cover_entries(
        &mut self,
        source: &Path,
        target: BorrowedFd<'_>,
        depth: usize,
    ) -> Result<(), Errno> {
        // What may not be listed stays empty: the user could not read it either.
        let Ok(entries) = fs::read_dir(source) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let replaced = depth == 0 && REPLACED.iter().any(|replaced| name == **replaced);
            // A name that is no text cannot be handed on; nothing of a system is called so.
            let (Some(text), false) = (name.to_str(), replaced) else {
                continue;
            };
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_symlink() {
                let link = fs::read_link(entry.path()).map_err(|error| errno(&error))?;
                symlinkat(link.as_os_str().as_bytes(), target, text)?;
            } else if kind.is_dir() {
                tree::make(target, text, Kind::Directory)?;
                let place = tree::open_plain(target, text, OFlags::PATH | OFlags::DIRECTORY)?;
                self.cover(&entry.path(), place.as_fd(), depth + 1)?;
            } else if kind.is_file() {
                show_file(&entry.path(), target, text)?;
            }
        }
        Ok(())
    }
}

/// Shows a file as it is; it cannot be changed.
fn show_file(source: &Path, target: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
    use sys::mounts::{Attributes, Depth, Propagation, set_attributes};
    tree::make(target, name, Kind::File)?;
    let copy = attach::copy(&source.to_string_lossy(), false)?;
    let add = Attributes::READONLY | Attributes::NOSUID | Attributes::NODEV;
    set_attributes(copy.as_fd(), add, Propagation::Private, Depth::One)?;
    attach::attach(
        copy.as_fd(),
        tree::open_plain(target, name, OFlags::PATH)?.as_fd(),
    )
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
