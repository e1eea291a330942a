//! Owners, modes, times and extended attributes of files.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    Mode, Stat, Timespec, Timestamps, XattrFlags, fchmod, fchown, fgetxattr, flistxattr, fsetxattr,
    futimens, mkdirat, openat,
};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use walk::DIRECTORY;

use crate::overlay::OVERLAY_PREFIX;

pub const EPOCH: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// Largest value and list of names of extended attributes that the kernel returns, in bytes.
const MAX_ATTRIBUTE: usize = 64 * 1024;

/// An extended attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
}

/// Metadata of a file or directory.
#[derive(Debug, Clone)]
pub struct Metadata {
    pub uid: u32,
    pub gid: u32,
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    pub modified: Timespec,
    pub attributes: Vec<Attribute>,
}

impl Metadata {
    /// Returns the metadata of a file: the fields of `status`, and the extended attributes read from the file.
    pub fn read(file: &OwnedFd, status: &Stat) -> Self {
        Self {
            uid: status.st_uid,
            gid: status.st_gid,
            mode: status.st_mode & 0o7777,
            modified: modified(status),
            attributes: portable_attributes(file),
        }
    }

    /// Gives a new file or directory this metadata. The owner is set first, because a new owner clears set-id bits and
    /// file capabilities. The time is set last, so that no other change replaces it.
    pub fn apply(&self, file: &OwnedFd) -> Result<(), Errno> {
        if (self.uid, self.gid) != (0, 0) {
            let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
            fchown(file, Some(uid), Some(gid))?;
        }
        for Attribute { name, value } in &self.attributes {
            match fsetxattr(file, name, value, XattrFlags::empty()) {
                Ok(()) | Err(Errno::OPNOTSUPP) => {}
                Err(errno) => return Err(errno),
            }
        }
        fchmod(file, Mode::from_raw_mode(self.mode))?;
        set_modified(file.as_fd(), self.modified)
    }
}

/// Gives a directory the owner, mode and time of a directory without an entry in the archive: root, 0755 and the epoch,
/// so that every extraction creates the same tree.
pub fn set_defaults(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    fchown(directory, Some(Uid::ROOT), Some(Gid::ROOT))?;
    fchmod(directory, Mode::from_raw_mode(0o755))?;
    set_modified(directory, EPOCH)
}

/// Creates a directory that only its owner may enter, and opens it.
pub fn make_directory(parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    mkdirat(parent, name, Mode::RWXU)?;
    openat(parent, name, DIRECTORY, Mode::empty())
}

pub fn modified(status: &Stat) -> Timespec {
    Timespec {
        tv_sec: status.st_mtime,
        tv_nsec: status.st_mtime_nsec.cast_signed(),
    }
}

pub fn set_modified(file: BorrowedFd<'_>, time: Timespec) -> Result<(), Errno> {
    futimens(file, &timestamps(time))
}

/// Returns one time for both fields: archives seldom record when a file was last read.
pub fn timestamps(time: Timespec) -> Timestamps {
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// Reads the attributes that an archive carries: `user.*` without those of overlayfs, and the file capabilities.
/// Attributes that cannot be read are left out.
pub fn portable_attributes(file: &OwnedFd) -> Vec<Attribute> {
    let read = |name: &[u8]| {
        let mut value = vec![0; MAX_ATTRIBUTE];
        let length = fgetxattr(file.as_fd(), name, &mut value[..]).ok()?;
        value.truncate(length);
        let name = name.to_vec();
        Some(Attribute { name, value })
    };
    attribute_names(file)
        .split(|byte| *byte == 0)
        .filter(|name| is_portable(name))
        .filter_map(read)
        .collect()
}

fn is_portable(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(|name| {
        name.starts_with("user.") && !name.starts_with(OVERLAY_PREFIX)
            || name == "security.capability"
    })
}

/// Returns the names of a file's attributes, a NUL behind each.
fn attribute_names(file: &OwnedFd) -> Vec<u8> {
    let mut few = [0; 1024];
    match flistxattr(file.as_fd(), &mut few[..]) {
        Ok(length) => few[..length].to_vec(),
        Err(Errno::RANGE) => {
            let mut many = vec![0; MAX_ATTRIBUTE];
            let length = flistxattr(file.as_fd(), &mut many[..]).unwrap_or(0);
            many.truncate(length);
            many
        }
        Err(_) => Vec::new(),
    }
}
