//! Fills an empty volume with the image's files at its mount point.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{
    AtFlags, FileType, FlockOperation, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid,
    XattrFlags, chownat, fchmod, fchown, fgetxattr, flistxattr, flock, fsetxattr, fstat, futimens,
    linkat, mkdirat, mknodat, openat, readlinkat, symlinkat, utimensat,
};
use rustix::io::Errno;
use walk::{DIRECTORY, DirectoryStack, Entry, Identity, Step, Walk, is_empty};

use crate::in_root;

/// Size limit of a list of extended attributes and of an attribute's value, from the kernel.
const XATTR_LIMIT: usize = 64 * 1024;

/// Copies the directory at `path` of the root into the volume if the volume is empty, with owners, modes, times,
/// extended attributes and hard links. Devices are left out. No symbolic link below `path` is followed.
pub fn populate(root: BorrowedFd<'_>, path: &str, volume: BorrowedFd<'_>) -> Result<(), Errno> {
    let volume = openat(volume, ".", DIRECTORY, Mode::empty())?;
    // If two containers start with the same new volume, the second one waits here for the first one's copy.
    flock(&volume, FlockOperation::LockExclusive)?;
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
    let mut copy = Copy {
        targets: DirectoryStack::new(target),
        linked: HashMap::new(),
    };
    while let Some(step) = walk.step().map_err(|error| error.errno)? {
        match step {
            Step::Entry(entry) if entry.kind() == FileType::Directory => {
                if walk.enter(&entry).map_err(|error| error.errno)?.is_some() {
                    copy.enter(&entry.name)?;
                }
            }
            Step::Entry(entry) => copy.file(&entry)?,
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
    /// The directories from the volume down to the copy of the walk's current one.
    targets: DirectoryStack,
    /// First copies of files with several names: directory and name.
    linked: HashMap<Identity, (Rc<OwnedFd>, CString)>,
}

impl Copy {
    /// Creates a directory and makes it the current one.
    fn enter(&mut self, name: &CStr) -> Result<(), Errno> {
        let parent = self.targets.current();
        mkdirat(parent, name, Mode::RWXU)?;
        let directory = openat(parent, name, DIRECTORY, Mode::empty())?;
        self.targets.push(directory)
    }

    /// Copies an entry that is not a directory into the current directory.
    fn file(&mut self, entry: &Entry) -> Result<(), Errno> {
        let Entry {
            parent: from,
            name,
            status,
        } = entry;
        let to = self.targets.current();
        if status.st_nlink > 1 {
            if let Some((directory, first)) = self.linked.get(&entry.identity()) {
                return linkat(directory, first, to, name, AtFlags::empty());
            }
            self.linked
                .insert(entry.identity(), (Rc::clone(to), name.clone()));
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

fn copy_content(from: &OwnedFd, to: &OwnedFd, name: &CStr, status: &Stat) -> Result<(), Errno> {
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let source = openat(
        from,
        name,
        flags | OFlags::RDONLY | OFlags::NONBLOCK,
        Mode::empty(),
    )?;
    let create = flags | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    let target = openat(to, name, create, Mode::RUSR | Mode::WUSR)?;
    let (mut source, mut target) = (File::from(source), File::from(target));
    std::io::copy(&mut source, &mut target)
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    describe(source.as_fd(), target.as_fd(), status)
}

/// Copies the metadata of a file or directory. The owner precedes the mode, of which a change of owner clears bits;
/// the times are last, because every other change updates them.
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
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::PathBuf;

    struct Directories {
        path: PathBuf,
        root: File,
        volume: File,
    }

    fn directories(name: &str) -> Directories {
        let path =
            std::env::temp_dir().join(format!("tbox-populate-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("root/data")).unwrap();
        fs::create_dir_all(path.join("volume")).unwrap();
        Directories {
            root: File::open(path.join("root")).unwrap(),
            volume: File::open(path.join("volume")).unwrap(),
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
        populate(root.as_fd(), "/data", volume.as_fd()).unwrap();
        let copy = path.join("volume");
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
        fs::write(path.join("volume/old"), "").unwrap();
        populate(root.as_fd(), "/data", volume.as_fd()).unwrap();
        assert!(!path.join("volume/new").exists());
        fs::remove_dir_all(path).unwrap();
    }
}
