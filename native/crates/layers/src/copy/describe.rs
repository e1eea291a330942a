//! Owners, permissions, attributes and times of copies.

use std::ffi::CStr;
use std::os::fd::OwnedFd;

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, Stat, Timespec, Timestamps, Uid, XattrFlags, chownat, fchmod,
    fchown, fsetxattr, futimens, utimensat,
};
use rustix::io::Errno;

use super::mode::Change;

/// What copies are to be, besides what their sources are.
pub struct Look {
    /// None where each keeps its own.
    pub owner: Option<(u32, u32)>,
    pub mode: Option<Change>,
}

impl Look {
    /// A file or directory that was just made.
    pub fn describe(
        &self,
        made: &OwnedFd,
        attributes: &[(String, Vec<u8>)],
        status: &Stat,
    ) -> Result<(), Errno> {
        let (uid, gid) = self.owner.unwrap_or((status.st_uid, status.st_gid));
        if (uid, gid) != (0, 0) {
            own(made, uid, gid)?;
        }
        for (key, value) in attributes {
            let name = key.trim_start_matches("SCHILY.xattr.");
            match fsetxattr(made, name, value, XattrFlags::empty()) {
                Ok(()) | Err(Errno::OPNOTSUPP) => {}
                Err(errno) => return Err(errno),
            }
        }
        fchmod(made, Mode::from_raw_mode(self.mode_of(status)))?;
        futimens(made, &times(status))
    }

    /// What has no descriptor to be told through.
    pub fn describe_link(&self, target: &OwnedFd, name: &CStr, status: &Stat) -> Result<(), Errno> {
        let (uid, gid) = self.owner.unwrap_or((status.st_uid, status.st_gid));
        if (uid, gid) != (0, 0) {
            let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
            chownat(
                target,
                name,
                Some(uid),
                Some(gid),
                AtFlags::SYMLINK_NOFOLLOW,
            )?;
        }
        utimensat(target, name, &times(status), AtFlags::SYMLINK_NOFOLLOW)
    }

    pub fn mode_of(&self, status: &Stat) -> u32 {
        let directory = FileType::from_raw_mode(status.st_mode).is_dir();
        match &self.mode {
            Some(change) => change.apply(status.st_mode & 0o7777, directory),
            None => status.st_mode & 0o7777,
        }
    }
}

pub fn own(file: &OwnedFd, uid: u32, gid: u32) -> Result<(), Errno> {
    fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
}

fn times(status: &Stat) -> Timestamps {
    let time = Timespec {
        tv_sec: status.st_mtime,
        tv_nsec: status.st_mtime_nsec as _,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
