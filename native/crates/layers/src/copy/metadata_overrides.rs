//! Owners and modes of copies: `--chown` and `--chmod`.

use std::ffi::CStr;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, Gid, Stat, Uid, chownat, fchown, fstat, utimensat};
use rustix::io::Errno;

use super::chmod::ModeChange;
use crate::metadata::{Metadata, modified, timestamps};

/// Metadata that replaces the source's.
pub struct MetadataOverrides {
    /// `None` keeps the owner of each file.
    pub owner: Option<(u32, u32)>,
    /// `None` keeps the mode of each file.
    pub mode: Option<ModeChange>,
}

impl MetadataOverrides {
    /// Gives a new file or directory the metadata of its source.
    pub fn apply(&self, target: &OwnedFd, source: &OwnedFd, status: &Stat) -> Result<(), Errno> {
        let mut metadata = Metadata::read(source, status);
        (metadata.uid, metadata.gid) = self.owner_of(status);
        metadata.mode = self.mode_of(status);
        metadata.apply(target)
    }

    /// Sets the metadata of a directory to that of its source, whether the directory is new or not.
    pub fn apply_to_directory(
        &self,
        target: &OwnedFd,
        source: &OwnedFd,
        status: &Stat,
    ) -> Result<(), Errno> {
        let (uid, gid) = self.owner_of(status);
        let found = fstat(target)?;
        if (found.st_uid, found.st_gid) != (uid, gid) {
            fchown(target, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        self.apply(target, source, status)
    }

    /// Gives a new file that cannot be opened the owner and time of its source.
    pub fn apply_to_link(
        &self,
        directory: &OwnedFd,
        name: &CStr,
        status: &Stat,
    ) -> Result<(), Errno> {
        let (uid, gid) = self.owner_of(status);
        let no_follow = AtFlags::SYMLINK_NOFOLLOW;
        if (uid, gid) != (0, 0) {
            let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
            chownat(directory, name, Some(uid), Some(gid), no_follow)?;
        }
        utimensat(directory, name, &timestamps(modified(status)), no_follow)
    }

    /// Returns the mode of the copy of a file.
    pub fn mode_of(&self, status: &Stat) -> u32 {
        let directory = FileType::from_raw_mode(status.st_mode).is_dir();
        match &self.mode {
            Some(change) => change.apply(status.st_mode & 0o7777, directory),
            None => status.st_mode & 0o7777,
        }
    }

    /// Returns the mode of a directory that a copy creates on the way to its target. As in Docker, only an octal mode
    /// replaces the default, without its set-user-ID, set-group-ID and sticky bits.
    pub fn mode_of_new_directory(&self) -> Option<u32> {
        match self.mode {
            Some(ModeChange::Exactly(bits)) => Some(bits & 0o777),
            _ => None,
        }
    }

    fn owner_of(&self, status: &Stat) -> (u32, u32) {
        self.owner.unwrap_or((status.st_uid, status.st_gid))
    }
}
