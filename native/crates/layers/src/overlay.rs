//! Overlayfs: whiteouts and opaque directories.

use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, FileType, Stat, XattrFlags, fgetxattr, fremovexattr, fsetxattr, statat};
use rustix::io::Errno;

/// Attribute that marks a directory as opaque with the value `y`: the directory hides the content of lower layers.
const OPAQUE: &str = "user.overlay.opaque";

/// Prefix of the attributes that overlayfs keeps for itself and hides from containers.
pub const OVERLAY_PREFIX: &str = "user.overlay.";

/// Kind of the file that exists at a name, in the categories that extraction and merging distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Nothing,
    Directory,
    Symlink,
    /// Overlayfs's mark for a deleted name: a character device 0:0.
    Whiteout,
    Other,
}

impl Existing {
    /// Examines a name without following a symbolic link.
    pub fn at(directory: BorrowedFd<'_>, name: &[u8]) -> Result<Self, Errno> {
        match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(status) => Ok(Self::of(&status)),
            Err(Errno::NOENT) => Ok(Self::Nothing),
            Err(errno) => Err(errno),
        }
    }

    pub fn of(status: &Stat) -> Self {
        match FileType::from_raw_mode(status.st_mode) {
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Symlink,
            FileType::CharacterDevice if status.st_rdev == 0 => Self::Whiteout,
            _ => Self::Other,
        }
    }
}

/// Reports whether overlayfs treats a file as a whiteout.
pub fn is_whiteout(status: &Stat) -> bool {
    Existing::of(status) == Existing::Whiteout
}

/// Reports whether a directory hides the content of lower layers.
pub fn is_opaque(directory: BorrowedFd<'_>) -> bool {
    let mut value = [0; 8];
    fgetxattr(directory, OPAQUE, &mut value).is_ok_and(|length| &value[..length] == b"y")
}

/// Makes a directory hide the content of lower layers.
pub fn set_opaque(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    fsetxattr(directory, OPAQUE, b"y", XattrFlags::empty())
}

/// Makes a directory show the content of lower layers.
pub fn clear_opaque(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    match fremovexattr(directory, OPAQUE) {
        Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
        Err(errno) => Err(errno),
    }
}
