//! Directories of ended containers that the next containers use again: creating and deleting a dozen files takes a
//! noticeable part of a start.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::work::UsedDirectory;
use rustix::fs::{
    FileType, IFlags, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW, fchmod, flistxattr,
    fstat, futimens, ioctl_getflags, mkdirat, openat, renameat,
};
use rustix::io::Errno;
use walk::{DIRECTORY, is_empty, names};

use crate::remove::{empty_tree, remove_tree};
use crate::store::open_parent;

/// Attribute with the identifier of the overlay, which the kernel adds and reads again.
const OVERLAY_UUID: &[u8] = b"user.overlay.uuid";

/// Flags that the owner of a file can set: FS_FL_USER_MODIFIABLE of linux/fs.h, and those for journals, copy-on-write, DAX,
/// projects and case folding. The overlay refuses a directory that folds cases.
const OWN_FLAGS: IFlags = IFlags::from_bits_retain(0x6283_c0ff);

const UPPER_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;

/// Empties the directory of an ended container and renames it to `.ready-NAME`, in the same parent. Afterwards it contains
/// an empty upper directory, an empty work directory, and those of `files` that need only new content. Returns false when
/// the directory cannot be used again; a part may be deleted then.
pub fn recycle(store: BorrowedFd<'_>, used: &UsedDirectory) -> bool {
    try_recycle(store, used).is_some()
}

fn try_recycle(store: BorrowedFd<'_>, used: &UsedDirectory) -> Option<()> {
    let (parent, name) = open_parent(store, &used.path).ok()??;
    let directory = openat(&parent, name, DIRECTORY, Mode::empty()).ok()?;
    let status = fstat(&directory).ok()?;
    let made = Made {
        owner: owner(&status),
        size: status.st_size,
        flags: flags(directory.as_fd()).ok()?,
    };
    for entry in names(directory.as_fd()).ok()? {
        let bytes = entry.to_bytes();
        let kept = match bytes {
            b"work" if used.mounted => true,
            b"work" | b"log" => empty_tree(directory.as_fd(), bytes).is_ok(),
            b"upper" => used.isolated && is_new_upper(directory.as_fd(), &made),
            _ => {
                let listed = used.files.iter().any(|file| file.as_bytes() == bytes);
                listed && used.isolated && is_own_file(directory.as_fd(), bytes, &made)
            }
        };
        if !kept {
            remove_tree(directory.as_fd(), bytes).ok()?;
        }
    }
    ensure_directory(&directory, "upper", UPPER_MODE)?;
    ensure_directory(&directory, "work", 0o700)?;
    renameat(&parent, name, &parent, format!(".ready-{name}")).ok()
}

/// The properties of a new file in the directory.
struct Made {
    owner: Owner,
    /// Size of the directory, which never has more than some entries.
    size: i64,
    /// Flags of the directory, which no container can change.
    flags: IFlags,
}

/// User and group.
type Owner = (u32, u32);

fn owner(status: &Stat) -> Owner {
    (status.st_uid, status.st_gid)
}

/// Creates a directory unless it exists.
fn ensure_directory(parent: &OwnedFd, name: &str, mode: u32) -> Option<()> {
    match mkdirat(parent, name, Mode::from(mode)) {
        Ok(()) => {}
        Err(Errno::EXIST) => return Some(()),
        Err(_) => return None,
    }
    // The umask of the caller must not count.
    let directory = openat(parent, name, DIRECTORY, Mode::empty()).ok()?;
    fchmod(&directory, Mode::from(mode)).ok()
}

/// Returns whether the upper directory is as a new one, and gives it the current time.
fn is_new_upper(directory: BorrowedFd<'_>, made: &Made) -> bool {
    let check = || {
        let upper = openat(directory, "upper", DIRECTORY, Mode::empty())?;
        let status = fstat(&upper)?;
        // Some file systems never shrink a directory that had many entries.
        let unchanged = status.st_size <= made.size
            && is_unchanged(upper.as_fd(), &status, (made, UPPER_MODE))?
            && is_empty(upper.as_fd())?;
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        };
        let times = Timestamps {
            last_access: now,
            last_modification: now,
        };
        futimens(&upper, &times)?;
        Ok::<_, Errno>(unchanged)
    };
    check().unwrap_or(false)
}

/// Returns whether a file differs from a new one at most in its content.
fn is_own_file(directory: BorrowedFd<'_>, name: &[u8], made: &Made) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let check = || {
        let file = openat(directory, name, flags, Mode::empty())?;
        let status = fstat(&file)?;
        let regular = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
        Ok::<_, Errno>(
            regular
                && status.st_nlink == 1
                && is_unchanged(file.as_fd(), &status, (made, FILE_MODE))?,
        )
    };
    check().unwrap_or(false)
}

/// Returns whether owner, permissions, attributes and flags are those of a new file.
fn is_unchanged(
    file: BorrowedFd<'_>,
    status: &Stat,
    (made, mode): (&Made, u32),
) -> Result<bool, Errno> {
    let owned = owner(status) == made.owner;
    let permitted = status.st_mode & 0o7777 == mode;
    let added = flags(file)?.difference(made.flags);
    Ok(owned && permitted && !added.intersects(OWN_FLAGS) && has_no_attributes(file)?)
}

fn flags(file: BorrowedFd<'_>) -> Result<IFlags, Errno> {
    match ioctl_getflags(file) {
        // The file system has no such flags.
        Err(Errno::NOTTY | Errno::OPNOTSUPP) => Ok(IFlags::empty()),
        flags => flags,
    }
}

fn has_no_attributes(file: BorrowedFd<'_>) -> Result<bool, Errno> {
    let mut list = [0; 256];
    match flistxattr(file, &mut list) {
        Ok(length) => Ok(list[..length]
            .split(|&byte| byte == 0)
            .all(|name| name.is_empty() || name == OVERLAY_UUID)),
        Err(Errno::OPNOTSUPP) => Ok(true),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::ioctl_setflags;
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::{Path, PathBuf};

    /// A store with the directory of an ended container.
    struct Scene {
        root: PathBuf,
    }

    impl Scene {
        fn new(name: &str) -> Self {
            let root =
                std::env::temp_dir().join(format!("tbox-recycle-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&root);
            let scene = Self { root };
            for (path, mode) in [
                ("upper", 0o755),
                ("work/work/incompat", 0o700),
                ("log", 0o700),
            ] {
                fs::create_dir_all(scene.used().join(path)).unwrap();
                fs::set_permissions(scene.used().join(path), Permissions::from_mode(mode)).unwrap();
            }
            for name in ["hostname", "hosts", "log/container.log", "exit.json"] {
                fs::write(scene.used().join(name), "old").unwrap();
                fs::set_permissions(scene.used().join(name), Permissions::from_mode(0o644))
                    .unwrap();
            }
            scene
        }

        fn used(&self) -> PathBuf {
            self.root.join("containers/aa")
        }

        fn ready(&self) -> PathBuf {
            self.root.join("containers/.ready-aa")
        }

        fn recycle(&self, isolated: bool) -> bool {
            let store = File::open(&self.root).unwrap();
            let used = UsedDirectory {
                path: "containers/aa".to_owned(),
                isolated,
                mounted: false,
                files: vec!["hostname".to_owned(), "hosts".to_owned()],
            };
            recycle(store.as_fd(), &used)
        }
    }

    impl Drop for Scene {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.root);
        }
    }

    fn inode(path: &Path) -> u64 {
        fs::metadata(path).unwrap().ino()
    }

    fn entries(directory: &Path) -> Vec<String> {
        let mut found: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        found
    }

    #[test]
    fn the_directory_of_an_isolated_container_keeps_its_own_files_and_nothing_else() {
        let scene = Scene::new("isolated");
        let before = ["upper", "hosts"].map(|name| inode(&scene.used().join(name)));
        assert!(scene.recycle(true));
        assert!(!scene.used().exists());
        let kept = ["hostname", "hosts", "log", "upper", "work"];
        assert_eq!(entries(&scene.ready()), kept);
        for name in ["log", "upper", "work"] {
            assert!(entries(&scene.ready().join(name)).is_empty(), "{name}");
        }
        let after = ["upper", "hosts"].map(|name| inode(&scene.ready().join(name)));
        assert_eq!(after, before);
    }

    #[test]
    fn a_container_that_shared_something_leaves_no_file_that_another_process_may_have_open() {
        let scene = Scene::new("shared");
        let upper = File::open(scene.used().join("upper")).unwrap();
        assert!(scene.recycle(false));
        assert_eq!(entries(&scene.ready()), ["log", "upper", "work"]);
        let before = upper.metadata().unwrap().ino();
        assert_ne!(inode(&scene.ready().join("upper")), before);
    }

    #[test]
    fn an_upper_directory_that_the_container_has_changed_is_replaced() {
        // The umask of the zygote, from which the worker is forked.
        rustix::process::umask(Mode::from_raw_mode(0o077));
        let changes: [fn(&Path); 5] = [
            |upper| fs::write(upper.join("file"), "left").unwrap(),
            |upper| {
                let names = || (0..200).map(|number| upper.join(format!("{number:0>250}")));
                names().for_each(|name| fs::write(name, "").unwrap());
                names().for_each(|name| fs::remove_file(name).unwrap());
                let size = |path: &Path| fs::metadata(path).unwrap().size();
                if size(upper) <= size(upper.parent().unwrap()) {
                    // This file system shrinks directories.
                    fs::write(upper.join("grown"), "").unwrap();
                }
            },
            |upper| fs::set_permissions(upper, Permissions::from_mode(0o1777)).unwrap(),
            |upper| {
                // A file system without such flags leaves nothing to compare.
                let directory = File::open(upper).unwrap();
                let _ = ioctl_setflags(&directory, IFlags::TOPDIR);
                fs::write(upper.join("with-flags"), "").unwrap();
                let kept =
                    ioctl_getflags(&directory).is_ok_and(|flags| flags.contains(IFlags::TOPDIR));
                if kept {
                    fs::remove_file(upper.join("with-flags")).unwrap();
                }
            },
            |upper| {
                let value = b"left";
                let flags = rustix::fs::XattrFlags::empty();
                rustix::fs::setxattr(upper, "user.note", value, flags).unwrap();
            },
        ];
        for change in changes {
            let scene = Scene::new("changed");
            let upper = File::open(scene.used().join("upper")).unwrap();
            change(&scene.used().join("upper"));
            assert!(scene.recycle(true));
            let new = scene.ready().join("upper");
            assert_ne!(inode(&new), upper.metadata().unwrap().ino());
            assert!(entries(&new).is_empty());
            assert_eq!(new.metadata().unwrap().mode() & 0o7777, 0o755);
        }
    }

    #[test]
    fn files_that_the_container_has_changed_are_deleted() {
        let changes: [fn(&Path); 3] = [
            |file| fs::set_permissions(file, Permissions::from_mode(0o666)).unwrap(),
            |file| fs::hard_link(file, file.with_file_name("second")).unwrap(),
            |file| {
                fs::remove_file(file).unwrap();
                std::os::unix::fs::symlink("/etc/passwd", file).unwrap();
            },
        ];
        for change in changes {
            let scene = Scene::new("files");
            change(&scene.used().join("hosts"));
            assert!(scene.recycle(true));
            let kept = ["hostname", "log", "upper", "work"];
            assert_eq!(entries(&scene.ready()), kept);
        }
    }

    #[test]
    fn a_missing_directory_is_no_ready_one() {
        let scene = Scene::new("missing");
        fs::remove_dir_all(scene.used()).unwrap();
        assert!(!scene.recycle(true));
    }
}
