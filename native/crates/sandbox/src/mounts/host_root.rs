//! A directory of the host as root: read-only below, with changes in memory above.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, fstat, mkdirat, openat, readlinkat, symlinkat};
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

/// Mounts the host's directory `path` over the container's directory, and opens the new root. Other programs may change
/// the directory meanwhile: its files are opened one below the other, without following a link.
pub fn mount_host_root(store: &Store, path: &str, access: Access) -> Result<OwnedFd, Failure> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let source = openat(CWD, path, flags, Mode::empty()).map_err(|_| {
        let message = format!("rootfs {path:?} is not a directory of the host");
        explained(FailureKind::InvalidArgument, "rootfs", message)
    })?;
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
    overlays.cover(&source, root.as_fd(), 0).map_err(refused)?;
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
    fn cover(
        &mut self,
        source: &OwnedFd,
        target: BorrowedFd<'_>,
        depth: usize,
    ) -> Result<(), Errno> {
        match self.overlay(source, target) {
            Err(Errno::INVAL) => self.cover_entries(source, target, depth),
            result => result,
        }
    }

    fn overlay(&mut self, source: &OwnedFd, target: BorrowedFd<'_>) -> Result<(), Errno> {
        let mode = fstat(source)?.st_mode & 0o7777;
        let part = |kind: &str| -> Result<OwnedFd, Errno> {
            let name = format!("{kind}{}", self.count);
            mkdirat(&self.changes, &name, Mode::from_raw_mode(mode | 0o700))?;
            open_directory(self.changes.as_fd(), &name)
        };
        let overlay = Overlay {
            lowers: std::slice::from_ref(source),
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
        source: &OwnedFd,
        target: BorrowedFd<'_>,
        depth: usize,
    ) -> Result<(), Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // A directory that cannot be listed stays empty: the user cannot read it either.
        let Ok(entries) = openat(source, ".", flags, Mode::empty()).and_then(Dir::new) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            // Names that are not UTF-8 are left out; a system's own files have none.
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if matches!(name, "." | "..") || (depth == 0 && COVERED.contains(&name)) {
                continue;
            }
            self.cover_reachable(source, target, name, depth)?;
        }
        Ok(())
    }

    /// Covers an entry like [`Self::cover_entry`], unless it has vanished since it was listed, or the user cannot reach it.
    fn cover_reachable(
        &mut self,
        parent: &OwnedFd,
        target: BorrowedFd<'_>,
        name: &str,
        depth: usize,
    ) -> Result<(), Errno> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(parent, name, flags, Mode::empty())
            .and_then(|source| self.cover_entry(&source, target, name, depth))
        {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Ok(()),
            result => result,
        }
    }

    /// Covers the entry `name` of `target` with the host's file `source`.
    fn cover_entry(
        &mut self,
        source: &OwnedFd,
        target: BorrowedFd<'_>,
        name: &str,
        depth: usize,
    ) -> Result<(), Errno> {
        match FileType::from_raw_mode(fstat(source)?.st_mode) {
            FileType::Symlink => {
                let link = readlinkat(source, "", Vec::new())?;
                symlinkat(&*link, target, name)
            }
            FileType::Directory => {
                in_root::create(target, name, Kind::Directory)?;
                let directory = open_directory(target, name)?;
                self.cover(source, directory.as_fd(), depth + 1)
            }
            FileType::RegularFile => mount_file(source, target, name),
            _ => Ok(()),
        }
    }
}

/// Mounts a file of the host read-only.
fn mount_file(source: &OwnedFd, target: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
    in_root::create(target, name, Kind::File)?;
    let add = Attributes::READONLY | Attributes::NOSUID | Attributes::NODEV;
    let mount = attach::clone_of(source.as_fd(), Depth::One)
        .and_then(|mount| attach::restrict(mount, add, Depth::One))?;
    let mount_point = in_root::open_without_links(target, name, OFlags::PATH)?;
    attach::attach(mount.as_fd(), mount_point.as_fd())
}

fn open_directory(parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    in_root::open_without_links(parent, name, OFlags::PATH | OFlags::DIRECTORY)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use rustix::fs::{RenameFlags, renameat_with};
    use rustix::mount::{UnmountFlags, unmount};

    const INSIDE: &str = "TBOX_TEST_INSIDE";

    /// Runs the body in a child process that is root of a user namespace, with an empty file system at the given path.
    fn as_root_of_a_namespace(test: &str, body: impl FnOnce(&Path)) {
        let place = Path::new("/mnt");
        if std::env::var_os(INSIDE).is_some() {
            attach::create("tmpfs", &[("mode", "0755")], MountAttrFlags::empty())
                .and_then(|files| attach::attach(files.as_fd(), open(place).as_fd()))
                .unwrap();
            return body(place);
        }
        let namespace = || {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--mount"]);
            command
        };
        if !namespace().arg("true").status().unwrap().success() {
            return eprintln!("skipped: the machine has no user namespaces");
        }
        let name = format!("mounts::host_root::tests::{test}");
        let output = namespace()
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", &name, "--nocapture"])
            .env(INSIDE, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("1 passed"), "{text}");
    }

    fn open(path: &Path) -> OwnedFd {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(CWD, path, flags, Mode::empty()).unwrap()
    }

    fn directory(path: &Path) -> OwnedFd {
        fs::create_dir_all(path).unwrap();
        open(path)
    }

    fn overlays(place: &Path) -> Overlays {
        Overlays {
            changes: directory(&place.join("changes")),
            count: 0,
            access: Access::ReadWrite,
        }
    }

    #[test]
    fn entries_that_vanish_meanwhile_are_left_out() {
        as_root_of_a_namespace("entries_that_vanish_meanwhile_are_left_out", |place| {
            let (source, root) = (place.join("source"), directory(&place.join("root")));
            let mut overlays = overlays(place);
            let opened = directory(&source);
            let mut cover = |name: &str| overlays.cover_reachable(&opened, root.as_fd(), name, 1);
            cover("gone").unwrap();
            assert!(fs::read_dir(place.join("root")).unwrap().next().is_none());
            // A directory that is removed after it was opened is covered, and is empty.
            fs::write(source.join("file"), "of the host").unwrap();
            cover("file").unwrap();
            assert_eq!(fs::read(place.join("root/file")).unwrap(), b"of the host");
            fs::remove_dir_all(&source).unwrap();
            cover("file").unwrap();
        });
    }

    #[test]
    fn a_directory_that_becomes_a_link_shows_nothing_outside() {
        let rounds = std::env::var("TBOX_TEST_RACES").ok();
        let rounds: u64 = rounds
            .and_then(|text| text.parse().ok())
            .map_or(100, |races: u64| races / 100);
        let test = "a_directory_that_becomes_a_link_shows_nothing_outside";
        as_root_of_a_namespace(test, |place| {
            let source = directory(&place.join("source"));
            fs::create_dir(place.join("source/directory")).unwrap();
            fs::create_dir(place.join("outside")).unwrap();
            fs::write(place.join("outside/key"), "private").unwrap();
            fs::write(place.join("source/file"), "of the host").unwrap();
            symlink("../outside", place.join("source/link")).unwrap();
            symlink("../outside/key", place.join("source/link-to-file")).unwrap();
            let (stop, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        for (one, other) in [("directory", "link"), ("file", "link-to-file")] {
                            let flags = RenameFlags::EXCHANGE;
                            renameat_with(&source, one, &source, other, flags).unwrap();
                        }
                        swaps.fetch_add(1, Ordering::Relaxed);
                    }
                });
                let _stopped = StopOnDrop(&stop);
                let mut round = 0;
                while round < rounds || swaps.load(Ordering::Relaxed) == 0 {
                    cover_once(place, &source);
                    round += 1;
                }
            });
        });
    }

    /// Stops the other thread also if an assertion fails.
    struct StopOnDrop<'flag>(&'flag AtomicBool);

    impl Drop for StopOnDrop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Covers a new root with the source's entries and checks that it shows no file that is outside.
    fn cover_once(place: &Path, source: &OwnedFd) {
        let tree = directory(&place.join("tree"));
        let files = attach::create("tmpfs", &[], MountAttrFlags::empty()).unwrap();
        attach::attach(files.as_fd(), tree.as_fd()).unwrap();
        let root = directory(&place.join("tree/root"));
        overlays(&place.join("tree"))
            .cover_entries(source, root.as_fd(), 1)
            .unwrap();
        for name in ["directory", "link", "file", "link-to-file"] {
            let shown = place.join("tree/root").join(name);
            let Ok(status) = fs::symlink_metadata(&shown) else {
                continue;
            };
            if status.is_dir() {
                assert_eq!(fs::read_dir(&shown).unwrap().count(), 0, "{name}");
            } else if status.is_file() {
                assert_eq!(fs::read(&shown).unwrap(), b"of the host", "{name}");
            }
        }
        unmount(place.join("tree"), UnmountFlags::DETACH).unwrap();
    }
}
