//! A directory of the host as root: read-only below, with changes in memory above.

use std::fs::{self, FileType};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use protocol::failure::{Failure, FailureKind};
use rustix::fs::{Mode, OFlags, mkdirat, symlinkat};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;
use sys::mounts::{Attributes, Depth};

use crate::failure::{explained, system};
use crate::in_root::{self, Kind, path_of};
use crate::mounts::attach;
use crate::mounts::overlay::{Access, Overlay};
use crate::store::Store;

/// Directories that standard mounts cover, whatever the host has there.
const COVERED: [&str; 3] = ["proc", "sys", "dev"];

/// Mounts the host's directory `path` over the container's directory, and opens the new root.
pub fn mount_host_root(store: &Store, path: &str, access: Access) -> Result<OwnedFd, Failure> {
    if !Path::new(path).is_dir() {
        let message = format!("rootfs {path:?} is not a directory of the host");
        return Err(explained(FailureKind::InvalidArgument, "rootfs", message));
    }
    let refused = |errno| system("rootfs", path, errno);
    attach::create("tmpfs", &[("mode", "0755")], MountAttrFlags::empty())
        .and_then(|scratch| attach::attach(scratch.as_fd(), store.container.as_fd()))
        .map_err(refused)?;
    let scratch = store.reopen_container()?;
    for name in ["changes", "root"] {
        in_root::create(scratch.as_fd(), name, Kind::Directory).map_err(refused)?;
    }
    let open = |name: &str| open_directory(scratch.as_fd(), name).map_err(refused);
    let root = open("root")?;
    // pivot_root requires the new root to be a mount.
    let mount = attach::clone_of(root.as_fd(), Depth::One).map_err(refused)?;
    attach::attach(mount.as_fd(), root.as_fd()).map_err(refused)?;
    let root = open("root")?;
    let mut overlays = Overlays {
        changes: open("changes")?,
        count: 0,
        access,
    };
    overlays
        .cover(Path::new(path), root.as_fd(), 0)
        .map_err(refused)?;
    // Opened once more: a single overlay covers that mount.
    open("root")
}

/// The overlays of which the root consists.
struct Overlays {
    changes: OwnedFd,
    count: usize,
    access: Access,
}

impl Overlays {
    /// Covers `target` with the host's directory. If other file systems are mounted below that directory, the kernel
    /// refuses a single overlay, because it would reveal the files that those mounts hide. Then each entry gets an
    /// overlay.
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
            open_directory(self.changes.as_fd(), &name)
        };
        let overlay = Overlay {
            lowers: &[in_root::open_host(&source.to_string_lossy())?],
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
        // A directory that cannot be listed stays empty: the user cannot read it either.
        let Ok(entries) = fs::read_dir(source) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let covered = depth == 0 && COVERED.iter().any(|covered| name == **covered);
            // Names that are not UTF-8 are left out; a system's own files have none.
            let (Some(name), false) = (name.to_str(), covered) else {
                continue;
            };
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            self.cover_reachable(&entry.path(), kind, (target, name), depth)?;
        }
        Ok(())
    }

    /// Covers an entry like [`Self::cover_entry`], unless it has vanished since it was listed, or the user cannot reach it.
    fn cover_reachable(
        &mut self,
        source: &Path,
        kind: FileType,
        place: (BorrowedFd<'_>, &str),
        depth: usize,
    ) -> Result<(), Errno> {
        match self.cover_entry(source, kind, place, depth) {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Ok(()),
            result => result,
        }
    }

    /// Covers the entry `name` of `target` with the host's file `source`.
    fn cover_entry(
        &mut self,
        source: &Path,
        kind: FileType,
        (target, name): (BorrowedFd<'_>, &str),
        depth: usize,
    ) -> Result<(), Errno> {
        if kind.is_symlink() {
            let link = fs::read_link(source).map_err(|error| errno(&error))?;
            symlinkat(link.as_os_str().as_bytes(), target, name)
        } else if kind.is_dir() {
            in_root::create(target, name, Kind::Directory)?;
            let directory = open_directory(target, name)?;
            self.cover(source, directory.as_fd(), depth + 1)
        } else if kind.is_file() {
            mount_file(source, target, name)
        } else {
            Ok(())
        }
    }
}

/// Mounts a file of the host read-only.
fn mount_file(source: &Path, target: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
    in_root::create(target, name, Kind::File)?;
    let add = Attributes::READONLY | Attributes::NOSUID | Attributes::NODEV;
    let mount = attach::clone_path(&source.to_string_lossy(), Depth::One)
        .and_then(|mount| attach::restrict(mount, add, Depth::One))?;
    let mount_point = in_root::open_without_links(target, name, OFlags::PATH)?;
    attach::attach(mount.as_fd(), mount_point.as_fd())
}

fn open_directory(parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    in_root::open_without_links(parent, name, OFlags::PATH | OFlags::DIRECTORY)
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use super::*;

    use rustix::fs::{CWD, openat};

    #[test]
    fn entries_that_vanish_meanwhile_are_left_out() {
        if attach::clone_path("/", Depth::One).err() == Some(Errno::PERM) {
            return eprintln!("skipped: this user must not mount");
        }
        let directory = std::env::temp_dir().join(format!("tbox-host-root-{}", std::process::id()));
        let open = |name: &str| {
            fs::create_dir_all(directory.join(name)).unwrap();
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            openat(CWD, directory.join(name), flags, Mode::empty()).unwrap()
        };
        let root = open("root");
        let mut overlays = Overlays {
            changes: open("changes"),
            count: 0,
            access: Access::ReadWrite,
        };
        let gone = directory.join("gone");
        for (name, like) in [
            ("directory", Path::new("/")),
            ("file", Path::new("/proc/self/status")),
            ("link", Path::new("/proc/self/exe")),
        ] {
            let kind = fs::symlink_metadata(like).unwrap().file_type();
            overlays
                .cover_reachable(&gone, kind, (root.as_fd(), name), 1)
                .unwrap();
        }
        fs::remove_dir_all(&directory).unwrap();
    }
}
