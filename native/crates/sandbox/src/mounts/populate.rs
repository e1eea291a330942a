//! Fills an empty volume with the image's files at its mount point.

use std::collections::HashMap;
use std::ffi::CStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{
    AtFlags, FileType, FlockOperation, Gid, Mode, OFlags, ResolveFlags, Stat, Timespec, Timestamps,
    Uid, XattrFlags, chownat, fchmod, fchown, fgetxattr, flistxattr, flock, fsetxattr, fstat,
    futimens, linkat, mkdirat, mknodat, openat, openat2, readlinkat, symlinkat, utimensat,
};
use rustix::io::Errno;
use walk::resolve::deep_directory_beneath;
use walk::{DIRECTORY, DirectoryStack, Entry, Identity, Step, Walk, is_empty};

use crate::in_root;

/// Size limit of a list of extended attributes and of an attribute's value, from the kernel.
const XATTR_LIMIT: usize = 64 * 1024;

/// A volume to fill.
#[derive(Debug)]
pub struct EmptyVolume {
    /// The directory that containers see.
    pub directory: OwnedFd,
    /// A directory that no container sees, for the lock: a container could hold a lock of the volume's own directory
    /// for ever.
    pub lock: OwnedFd,
}

/// Copies the directory at `path` of the root into the volume if the volume is empty, with owners, modes, times,
/// extended attributes and hard links. Devices and other mounts are left out. No symbolic link below `path` is
/// followed.
pub fn populate(root: BorrowedFd<'_>, path: &str, volume: &EmptyVolume) -> Result<(), Errno> {
    let lock = openat(&volume.lock, ".", DIRECTORY, Mode::empty())?;
    // If two containers start with the same new volume, the second one waits here for the first one's copy.
    flock(&lock, FlockOperation::LockExclusive)?;
    let volume = openat(&volume.directory, ".", DIRECTORY, Mode::empty())?;
    if !is_empty(volume.as_fd())? {
        return Ok(());
    }
    let source = match in_root::open(root, path, OFlags::RDONLY | OFlags::DIRECTORY) {
        Ok(source) => source,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    copy_tree(
        source.as_fd(),
        volume.try_clone().map_err(|_| Errno::MFILE)?,
    )?;
    describe(source.as_fd(), volume.as_fd(), &fstat(&source)?)
}

fn copy_tree(source: BorrowedFd<'_>, target: OwnedFd) -> Result<(), Errno> {
    let mut walk = Walk::unsorted(source).map_err(|error| error.errno)?;
    let targets = DirectoryStack::new(target);
    let mut copy = Copy {
        top: Arc::clone(targets.current()),
        targets,
        linked: HashMap::new(),
    };
    while let Some(step) = walk.step().map_err(|error| error.errno)? {
        match step {
            Step::Entry(entry) if entry.kind() == FileType::Directory => {
                let directory = match open_same_mount(&entry.parent, &entry.name, DIRECTORY) {
                    Ok(directory) => directory,
                    // Another mount, or no directory any more.
                    Err(Errno::XDEV | Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
                    Err(errno) => return Err(errno),
                };
                walk.enter_opened(&entry, directory)
                    .map_err(|error| error.errno)?;
                copy.enter(&entry.name)?;
            }
            Step::Entry(entry) => copy.file(&entry, walk.path())?,
            Step::Left(left) => {
                if let Some(target) = copy.targets.pop()? {
                    describe(left.directory.as_fd(), target.as_fd(), &left.entry.status)?;
                }
            }
        }
    }
    Ok(())
}

struct Copy {
    /// The volume.
    top: Arc<OwnedFd>,
    /// The directories from the volume down to the copy of the walk's current one.
    targets: DirectoryStack,
    /// Path of the first copy of each file with several links, below the top. Keeping directories open instead would
    /// take a descriptor for each.
    linked: HashMap<Identity, Vec<u8>>,
}

impl Copy {
    /// Creates a directory and makes it the current one.
    fn enter(&mut self, name: &CStr) -> Result<(), Errno> {
        let parent = self.targets.current();
        mkdirat(parent, name, Mode::RWXU)?;
        let directory = openat(parent, name, DIRECTORY, Mode::empty())?;
        self.targets.push(directory)
    }

    /// Copies an entry that is not a directory into the current directory. `path` is its path below the top.
    fn file(&mut self, entry: &Entry, path: &[u8]) -> Result<(), Errno> {
        let Entry {
            parent: from,
            name,
            status,
        } = entry;
        let to = self.targets.current();
        if status.st_nlink > 1 {
            if let Some(first) = self.linked.get(&entry.identity()) {
                return link(&self.top, first, to, name);
            }
            self.linked.insert(entry.identity(), path.to_owned());
        }
        match entry.kind() {
            FileType::RegularFile => copy_content(from, to, name, status),
            FileType::Symlink => {
                symlinkat(&*readlinkat(from, name, Vec::new())?, to, name)?;
                describe_entry(to, name, status)
            }
            FileType::Fifo => {
                let mode = Mode::from_raw_mode(status.st_mode);
                mknodat(to, name, FileType::Fifo, mode, 0)?;
                describe_entry(to, name, status)
            }
            _ => Ok(()),
        }
    }
}

/// Opens an entry, but fails with `EXDEV` if another mount covers it.
fn open_same_mount(parent: &OwnedFd, name: &CStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    let how = ResolveFlags::NO_XDEV | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    openat2(parent, name, flags | OFlags::CLOEXEC, Mode::empty(), how)
}

/// Creates another link to a file of the volume. A container that uses the volume may have put symbolic links into the
/// path. No link is followed.
fn link(top: &OwnedFd, first: &[u8], to: &OwnedFd, name: &CStr) -> Result<(), Errno> {
    let (parent, first) = match first.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&first[..slash], &first[slash + 1..]),
        None => (&[][..], first),
    };
    let directory = deep_directory_beneath(top.as_fd(), parent)?;
    linkat(directory, first, to, name, AtFlags::empty())
}

fn copy_content(from: &OwnedFd, to: &OwnedFd, name: &CStr, status: &Stat) -> Result<(), Errno> {
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let source = match open_same_mount(from, name, OFlags::RDONLY | OFlags::NONBLOCK) {
        // Another mount, as of a single file.
        Err(Errno::XDEV) => return Ok(()),
        opened => opened?,
    };
    let create = flags | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    let target = openat(to, name, create, Mode::RUSR | Mode::WUSR)?;
    let (mut source, mut target) = (File::from(source), File::from(target));
    std::io::copy(&mut source, &mut target)
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    describe(source.as_fd(), target.as_fd(), status)
}

/// Copies the metadata of a file or directory. The owner is set before the mode, because a change of owner clears bits
/// of the mode. The times are set last, so that no other change replaces them.
fn describe(from: BorrowedFd<'_>, to: BorrowedFd<'_>, status: &Stat) -> Result<(), Errno> {
    let (uid, gid) = (Uid::from_raw(status.st_uid), Gid::from_raw(status.st_gid));
    fchown(to, Some(uid), Some(gid))?;
    fchmod(to, Mode::from_raw_mode(status.st_mode))?;
    copy_attributes(from, to)?;
    futimens(to, &times(status))
}

/// Copies the owner and times of an entry that cannot be opened.
fn describe_entry(to: &OwnedFd, name: &CStr, status: &Stat) -> Result<(), Errno> {
    let (uid, gid) = (Uid::from_raw(status.st_uid), Gid::from_raw(status.st_gid));
    chownat(to, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    utimensat(to, name, &times(status), AtFlags::SYMLINK_NOFOLLOW)
}

fn copy_attributes(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut names = vec![0; XATTR_LIMIT];
    let length = match flistxattr(from, &mut names[..]) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    for name in names[..length]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let mut value = vec![0; XATTR_LIMIT];
        let length = fgetxattr(from, name, &mut value[..])?;
        match fsetxattr(to, name, &value[..length], XattrFlags::empty()) {
            // The volume's file system does not support the attribute, or the user must not set it.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn times(status: &Stat) -> Timestamps {
    let time = Timespec {
        tv_sec: status.st_mtime,
        tv_nsec: status.st_mtime_nsec.cast_signed(),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::PathBuf;

    struct Directories {
        path: PathBuf,
        root: File,
        volume: EmptyVolume,
    }

    fn directories(name: &str) -> Directories {
        let path =
            std::env::temp_dir().join(format!("tbox-populate-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("root/data")).unwrap();
        fs::create_dir_all(path.join("volume/_data")).unwrap();
        let open = |name: &str| File::open(path.join(name)).unwrap();
        Directories {
            root: open("root"),
            volume: EmptyVolume {
                directory: open("volume/_data").into(),
                lock: open("volume").into(),
            },
            path,
        }
    }

    #[test]
    fn an_empty_volume_gets_files_links_modes_and_times() {
        let Directories { path, root, volume } = directories("files");
        let data = path.join("root/data");
        fs::create_dir_all(data.join("a/b")).unwrap();
        fs::write(data.join("a/file"), "content").unwrap();
        fs::hard_link(data.join("a/file"), data.join("a/b/again")).unwrap();
        symlink("/etc/passwd", data.join("link")).unwrap();
        fs::set_permissions(data.join("a"), fs::Permissions::from_mode(0o500)).unwrap();
        populate(root.as_fd(), "/data", &volume).unwrap();
        let copy = path.join("volume/_data");
        assert_eq!(
            fs::read_to_string(copy.join("a/b/again")).unwrap(),
            "content"
        );
        let file = fs::metadata(copy.join("a/file")).unwrap();
        assert_eq!(
            file.ino(),
            fs::metadata(copy.join("a/b/again")).unwrap().ino()
        );
        assert_eq!(
            file.mtime(),
            fs::metadata(data.join("a/file")).unwrap().mtime()
        );
        assert_eq!(fs::metadata(copy.join("a")).unwrap().mode() & 0o777, 0o500);
        assert_eq!(
            fs::read_link(copy.join("link")).unwrap(),
            PathBuf::from("/etc/passwd")
        );
        for directory in [data.join("a"), copy.join("a")] {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
        }
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_volume_with_files_is_left_alone() {
        let Directories { path, root, volume } = directories("full");
        fs::write(path.join("root/data/new"), "").unwrap();
        fs::write(path.join("volume/_data/old"), "").unwrap();
        populate(root.as_fd(), "/data", &volume).unwrap();
        assert!(!path.join("volume/_data/new").exists());
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_lock_that_a_container_holds_on_its_volume_delays_no_copy() {
        let Directories { path, root, volume } = directories("locked");
        fs::write(path.join("root/data/new"), "").unwrap();
        let held = File::open(path.join("volume/_data")).unwrap();
        flock(&held, FlockOperation::LockExclusive).unwrap();
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || send.send(populate(root.as_fd(), "/data", &volume)));
        let timeout = std::time::Duration::from_secs(20);
        assert_eq!(receive.recv_timeout(timeout), Ok(Ok(())));
        assert!(path.join("volume/_data/new").exists());
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn hard_links_in_many_directories_and_many_levels_need_few_descriptors() {
        const COUNT: usize = 1200;
        let Directories { path, root, volume } = directories("many");
        let data = path.join("root/data");
        for index in 0..COUNT {
            let pair = data.join(format!("pair-{index}"));
            fs::create_dir_all(pair.join("other")).unwrap();
            fs::write(pair.join("file"), "").unwrap();
            fs::hard_link(pair.join("file"), pair.join("other/file")).unwrap();
        }
        fs::create_dir_all(data.join("d/".repeat(COUNT))).unwrap();
        // The limit applies to the whole test process; the other tests need few descriptors.
        let limits = getrlimit(Resource::Nofile);
        let low = Rlimit {
            current: Some(512),
            ..limits
        };
        setrlimit(Resource::Nofile, low).unwrap();
        populate(root.as_fd(), "/data", &volume).unwrap();
        setrlimit(Resource::Nofile, limits).unwrap();
        let copy = path.join("volume/_data");
        assert!(copy.join("d/".repeat(COUNT)).is_dir());
        let linked = fs::metadata(copy.join("pair-7/other/file")).unwrap();
        assert_eq!(linked.nlink(), 2);
        fs::remove_dir_all(path).unwrap();
    }
}
