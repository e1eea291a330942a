//! Filling an empty volume with what the image has at its place.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, Dir, FileType, FlockOperation, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid,
    XattrFlags, chownat, fchmod, fchown, fgetxattr, flistxattr, flock, fsetxattr, fstat, futimens,
    linkat, mkdirat, mknodat, openat, readlinkat, statat, symlinkat, utimensat,
};
use rustix::io::Errno;

use crate::in_root;

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Copies the directory at `path` of the root into the volume if the volume is empty: owners, modes, times,
/// attributes and hard links with it. Devices are left out, as everywhere. No link is followed below `path`.
pub fn populate(root: BorrowedFd<'_>, path: &str, volume: BorrowedFd<'_>) -> Result<(), Errno> {
    let volume = openat(volume, ".", DIRECTORY, Mode::empty())?;
    // Two containers that begin with the same new volume: the second finds what the first has copied.
    flock(&volume, FlockOperation::LockExclusive)?;
    if !is_empty(volume.as_fd())? {
        return Ok(());
    }
    let source = match in_root::open(root, path, OFlags::RDONLY | OFlags::DIRECTORY) {
        Ok(source) => source,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    Copy::default().directory(&source, &volume)
}

#[derive(Default)]
struct Copy {
    /// Where a file with several names was put first: a descriptor of its directory, and its name.
    linked: HashMap<(u64, u64), (OwnedFd, CString)>,
}

impl Copy {
    fn directory(&mut self, from: &OwnedFd, to: &OwnedFd) -> Result<(), Errno> {
        for entry in Dir::read_from(from)? {
            let entry = entry?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                self.entry(from, to, name)?;
            }
        }
        describe(from.as_fd(), to.as_fd(), &fstat(from)?)
    }

    fn entry(&mut self, from: &OwnedFd, to: &OwnedFd, name: &CStr) -> Result<(), Errno> {
        let status = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = FileType::from_raw_mode(status.st_mode);
        let identity = (status.st_dev, status.st_ino);
        if kind != FileType::Directory && status.st_nlink > 1 {
            if let Some((directory, first)) = self.linked.get(&identity) {
                return linkat(directory, first.as_c_str(), to, name, AtFlags::empty());
            }
            self.linked.insert(
                identity,
                (to.try_clone().map_err(|_| Errno::MFILE)?, name.to_owned()),
            );
        }
        match kind {
            FileType::Directory => {
                mkdirat(to, name, Mode::RWXU)?;
                let below = openat(from, name, DIRECTORY, Mode::empty())?;
                self.directory(&below, &openat(to, name, DIRECTORY, Mode::empty())?)
            }
            FileType::RegularFile => file(from, to, name, &status),
            FileType::Symlink => {
                symlinkat(readlinkat(from, name, Vec::new())?.as_c_str(), to, name)?;
                own_entry(to, name, &status)
            }
            FileType::Fifo => {
                mknodat(to, name, kind, Mode::from_raw_mode(status.st_mode), 0)?;
                own_entry(to, name, &status)
            }
            _ => Ok(()),
        }
    }
}

fn file(from: &OwnedFd, to: &OwnedFd, name: &CStr, status: &Stat) -> Result<(), Errno> {
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

/// Owner before mode, which a change of owner would clear bits of; time last, since all else changes it.
fn describe(from: BorrowedFd<'_>, to: BorrowedFd<'_>, status: &Stat) -> Result<(), Errno> {
    let (uid, gid) = (Uid::from_raw(status.st_uid), Gid::from_raw(status.st_gid));
    fchown(to, Some(uid), Some(gid))?;
    fchmod(to, Mode::from_raw_mode(status.st_mode))?;
    copy_attributes(from, to)?;
    futimens(to, &times(status))
}

fn own_entry(to: &OwnedFd, name: &CStr, status: &Stat) -> Result<(), Errno> {
    let (uid, gid) = (Uid::from_raw(status.st_uid), Gid::from_raw(status.st_gid));
    chownat(to, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    utimensat(to, name, &times(status), AtFlags::SYMLINK_NOFOLLOW)
}

fn copy_attributes(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut names = vec![0; 64 * 1024];
    let length = match flistxattr(from, &mut names[..]) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    for name in names[..length]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let mut value = vec![0; 64 * 1024];
        let length = fgetxattr(from, name, &mut value[..])?;
        match fsetxattr(to, name, &value[..length], XattrFlags::empty()) {
            // What the file system of the volume does not keep, or a user may not set.
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

fn is_empty(directory: BorrowedFd<'_>) -> Result<bool, Errno> {
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if entry.file_name() != c"." && entry.file_name() != c".." {
            return Ok(false);
        }
    }
    Ok(true)
}
