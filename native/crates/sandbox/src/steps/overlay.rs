//! One overlay mount.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};

use crate::tree::path_of;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Changeable,
    ReadOnly,
}

impl Access {
    pub fn new(readonly: bool) -> Self {
        if readonly {
            Self::ReadOnly
        } else {
            Self::Changeable
        }
    }
}

#[derive(Debug)]
pub struct Overlay<'descriptors> {
    /// Base first.
    pub lowers: &'descriptors [OwnedFd],
    pub upper: &'descriptors OwnedFd,
    pub work: &'descriptors OwnedFd,
    pub access: Access,
    /// Syncs nothing of the upper directory, ever.
    pub volatile: bool,
}

/// Mounts directories that nothing is written to over the one at `target`: two at least, base first.
pub fn mount_lowers(lowers: &[OwnedFd], target: &str) -> Result<(), Errno> {
    let options = format!("lowerdir={},userxattr", join(lowers));
    let options = std::ffi::CString::new(options).map_err(|_| Errno::INVAL)?;
    let flags = MountFlags::NODEV | MountFlags::RDONLY;
    mount("overlay", target, "overlay", flags, options.as_c_str())
}

/// Descriptor paths are short: 127 of them fit the one page that mount options may have. The kernel wants the
/// topmost layer first.
fn join(lowers: &[OwnedFd]) -> String {
    let paths: Vec<String> = lowers
        .iter()
        .rev()
        .map(|lower| path_of(lower.as_fd()))
        .collect();
    paths.join(":")
}

impl Overlay<'_> {
    /// Mounts it over the directory at `target`.
    pub fn mount(&self, target: &str) -> Result<(), Errno> {
        if self.volatile {
            self.forget_last_mount();
        }
        let options = format!(
            "lowerdir={},upperdir={},workdir={},userxattr{}",
            join(self.lowers),
            path_of(self.upper.as_fd()),
            path_of(self.work.as_fd()),
            if self.volatile { ",volatile" } else { "" },
        );
        let options = std::ffi::CString::new(options).map_err(|_| Errno::INVAL)?;
        let mut flags = MountFlags::NODEV;
        flags.set(MountFlags::RDONLY, self.access == Access::ReadOnly);
        mount("overlay", target, "overlay", flags, options.as_c_str())
    }

    /// The kernel marks a work directory that was mounted `volatile`, and mounts it no more, since the machine
    /// may have crashed meanwhile. A container of such a time is removed by the next daemon; where it is
    /// started again, nothing crashed.
    fn forget_last_mount(&self) {
        for (name, flags) in [
            ("work/incompat/volatile/dirty", AtFlags::empty()),
            ("work/incompat/volatile", AtFlags::REMOVEDIR),
            ("work/incompat", AtFlags::REMOVEDIR),
        ] {
            if unlinkat(self.work, name, flags).is_err() {
                return;
            }
        }
    }
}
