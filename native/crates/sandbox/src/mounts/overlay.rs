//! Overlay mounts.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen, mount,
};

use crate::in_root::path_of;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    ReadWrite,
    ReadOnly,
}

impl Access {
    /// Converts a request's `readonly`.
    pub fn new(readonly: bool) -> Self {
        if readonly {
            Self::ReadOnly
        } else {
            Self::ReadWrite
        }
    }
}

/// An overlay with an upper directory. It has no index: a kernel that makes one by default refuses an upper directory that another
/// overlay still has for a moment.
#[derive(Debug)]
pub struct Overlay<'descriptors> {
    /// Lower directories, base first.
    pub lowers: &'descriptors [OwnedFd],
    pub upper: &'descriptors OwnedFd,
    pub work: &'descriptors OwnedFd,
    pub access: Access,
    /// Whether the kernel never syncs the upper directory.
    pub volatile: bool,
}

/// Mounts a read-only overlay of at least two directories, base first, over the directory `target`.
pub fn mount_lowers(lowers: &[OwnedFd], target: &str) -> Result<(), Errno> {
    let options = format!("lowerdir={},userxattr", join(lowers));
    let options = std::ffi::CString::new(options).map_err(|_| Errno::INVAL)?;
    let flags = MountFlags::NODEV | MountFlags::RDONLY;
    mount("overlay", target, "overlay", flags, options.as_c_str())
}

/// Joins the paths of the directories, topmost first, as the kernel requires. Paths of descriptors are short: 127 of
/// them fit into the one page of mount options.
fn join(lowers: &[OwnedFd]) -> String {
    let paths: Vec<String> = lowers
        .iter()
        .rev()
        .map(|lower| path_of(lower.as_fd()))
        .collect();
    paths.join(":")
}

impl Overlay<'_> {
    /// Mounts the overlay over the directory `target`.
    pub fn mount(&self, target: &str) -> Result<(), Errno> {
        self.remove_volatile_mark();
        let options = format!(
            "lowerdir={},upperdir={},workdir={},userxattr,index=off{}",
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

    /// Creates the overlay as a detached mount. Fails on kernels before 6.7.
    pub fn create(&self) -> Result<OwnedFd, Errno> {
        self.remove_volatile_mark();
        let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
        let context = context.as_fd();
        fsconfig_set_string(context, "source", "overlay")?;
        for lower in self.lowers.iter().rev() {
            fsconfig_set_string(context, "lowerdir+", path_of(lower.as_fd()))?;
        }
        fsconfig_set_string(context, "upperdir", path_of(self.upper.as_fd()))?;
        fsconfig_set_string(context, "workdir", path_of(self.work.as_fd()))?;
        fsconfig_set_flag(context, "userxattr")?;
        fsconfig_set_string(context, "index", "off")?;
        if self.volatile {
            fsconfig_set_flag(context, "volatile")?;
        }
        fsconfig_create(context)?;
        let mut attributes = MountAttrFlags::MOUNT_ATTR_NODEV;
        attributes.set(
            MountAttrFlags::MOUNT_ATTR_RDONLY,
            self.access == Access::ReadOnly,
        );
        fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    }

    /// Removes the mark that the kernel leaves in the work directory of a volatile mount. The kernel refuses to mount a
    /// work directory with this mark, because the machine may have crashed since. Here it has not: after a crash the
    /// next daemon removes such containers and the directories that they have left, so nothing mounts them again.
    fn remove_volatile_mark(&self) {
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
