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

impl Overlay<'_> {
    /// Mounts it over the directory at `target`.
    pub fn mount(&self, target: &str) -> Result<(), Errno> {
        if self.volatile {
            self.forget_last_mount();
        }
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
