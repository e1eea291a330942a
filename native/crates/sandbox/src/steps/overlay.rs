//! One overlay mount.

use std::os::fd::{AsFd, OwnedFd};

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

impl Overlay<'_> {
    /// Mounts it over the directory at `target`.
    pub fn mount(&self, target: &str) -> Result<(), Errno> {
        // Descriptor paths are short: 127 of them fit the one page that mount options may have. The
        // kernel wants the topmost layer first.
        let lowers: Vec<String> = self
            .lowers
            .iter()
            .rev()
            .map(|lower| path_of(lower.as_fd()))
            .collect();
        let options = format!(
            "lowerdir={},upperdir={},workdir={},userxattr{}",
            lowers.join(":"),
            path_of(self.upper.as_fd()),
            path_of(self.work.as_fd()),
            if self.volatile { ",volatile" } else { "" },
        );
        let options = std::ffi::CString::new(options).map_err(|_| Errno::INVAL)?;
        let mut flags = MountFlags::NODEV;
        flags.set(MountFlags::RDONLY, self.access == Access::ReadOnly);
        mount("overlay", target, "overlay", flags, options.as_c_str())
    }
}
