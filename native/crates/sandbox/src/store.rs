//! The store's directories as seen from a container's mount namespace.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use protocol::failure::Failure;
use rustix::fs::{
    CWD, Gid, IFlags, Mode, OFlags, Uid, fchmod, fchown, ioctl_getflags, ioctl_setflags, mkdirat,
    openat,
};
use rustix::io::Errno;

use crate::failure::system;
use crate::in_root::open_without_links;

/// Directory of the layer with the mount points of standard mounts.
pub const BASE_LAYER: &str = "base";

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);

/// The directories of the store that a container uses, opened in its mount namespace. Descriptors opened
/// before that namespace existed belong to another one and can be neither covered nor cloned.
#[derive(Debug)]
pub struct Store {
    root: OwnedFd,
    container_path: String,
    /// `containers/<id>`.
    pub container: OwnedFd,
}

/// The directories of a volume.
#[derive(Debug)]
pub struct Volume {
    /// The parent of `data`. Containers see nothing in it except `data`.
    pub outer: OwnedFd,
    pub data: OwnedFd,
}

impl Store {
    /// Opens the store at `path` for the container `id`.
    pub fn open(path: &Path, id: &str) -> Result<Self, Failure> {
        let root = openat(CWD, path, DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|errno| system("open", &path.to_string_lossy(), errno))?;
        let container_path = format!("containers/{id}");
        let container = open_without_links(root.as_fd(), &container_path, DIRECTORY)
            .map_err(|errno| system("container-directory", &container_path, errno))?;
        Ok(Self {
            root,
            container_path,
            container,
        })
    }

    /// Opens the container's directory again, to get the mount that covers it now.
    pub fn reopen_container(&self) -> Result<OwnedFd, Failure> {
        open_without_links(self.root.as_fd(), &self.container_path, DIRECTORY)
            .map_err(|errno| system("mount-root", &self.container_path, errno))
    }

    /// Opens a directory of the container: `upper`, `work` or `targets`.
    pub fn open_part(&self, name: &str) -> Result<OwnedFd, Failure> {
        open_without_links(self.container.as_fd(), name, DIRECTORY)
            .map_err(|errno| system("container-directory", name, errno))
    }

    /// Opens the layer that contains the mount points of additional mounts.
    pub fn open_targets(&self) -> Result<OwnedFd, Failure> {
        self.open_part("targets")
    }

    /// Opens the layer that contains the mount points of standard mounts.
    pub fn open_base_layer(&self) -> Result<OwnedFd, Failure> {
        self.open_layer(BASE_LAYER)
    }

    /// Opens layers, base first. A layer that occurs several times is opened once, at the uppermost occurrence, which
    /// hides everything that the lower ones contain: overlayfs refuses the same directory twice.
    pub fn open_layers(&self, diff_ids: &[String]) -> Result<Vec<OwnedFd>, Failure> {
        let uppermost = uppermost_occurrences(diff_ids);
        let layers = uppermost.iter().map(|id| format!("layers/{id}"));
        layers.map(|path| self.open_layer(&path)).collect()
    }

    fn open_layer(&self, path: &str) -> Result<OwnedFd, Failure> {
        open_without_links(self.root.as_fd(), path, DIRECTORY)
            .map_err(|errno| system("layer", path, errno))
    }

    /// Opens a volume.
    pub fn open_volume(&self, name: &str) -> Result<Volume, Failure> {
        let refused = |errno| system("volume", name, errno);
        let path = format!("volumes/{name}");
        let outer = open_without_links(self.root.as_fd(), &path, DIRECTORY).map_err(refused)?;
        let data = open_without_links(outer.as_fd(), "_data", DIRECTORY).map_err(refused)?;
        Ok(Volume { outer, data })
    }

    /// Opens the directory of a build cache, created with this owner and mode if it does not exist.
    pub fn ensure_cache(
        &self,
        name: &str,
        (uid, gid): (u32, u32),
        mode: u32,
    ) -> Result<OwnedFd, Failure> {
        let build = ensure_directory(self.root.as_fd(), "build")?;
        let caches = ensure_directory(build.as_fd(), "caches")?;
        let refused = |errno| system("cache", name, errno);
        let readable = OFlags::RDONLY | OFlags::DIRECTORY;
        match mkdirat(&caches, name, Mode::from_raw_mode(0o700)) {
            Ok(()) => {
                let created =
                    open_without_links(caches.as_fd(), name, readable).map_err(refused)?;
                fchown(&created, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
                    .map_err(refused)?;
                fchmod(&created, Mode::from_raw_mode(mode)).map_err(refused)?;
            }
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(refused(errno)),
        }
        open_without_links(caches.as_fd(), name, DIRECTORY).map_err(refused)
    }
}

/// Returns the distinct ids in the order of their last occurrences.
fn uppermost_occurrences(diff_ids: &[String]) -> Vec<&String> {
    let later = |index: usize, id: &String| diff_ids[index + 1..].contains(id);
    let all = diff_ids.iter().enumerate();
    all.filter(|(index, id)| !later(*index, id))
        .map(|(_, id)| id)
        .collect()
}

/// Spreads the containers' directories over the block groups of an ext4 file system. Without a journal, ext4 creates no
/// inode in place of one that was deleted during the last minute, and it searches for others from the beginning of the
/// group: in one group, the files of earlier containers take more of a start than all mounts. Other file systems have no
/// such flag.
pub fn spread_containers(store: BorrowedFd<'_>) {
    let readable = OFlags::RDONLY | OFlags::DIRECTORY;
    if let Ok(containers) = open_without_links(store, "containers", readable)
        && let Ok(flags) = ioctl_getflags(&containers)
    {
        let _ = ioctl_setflags(&containers, flags | IFlags::TOPDIR);
    }
}

/// Opens a directory of the store, created if it does not exist.
pub fn ensure_directory(parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Failure> {
    match mkdirat(parent, name, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(system("container-directory", name, errno)),
    }
    open_without_links(parent, name, DIRECTORY)
        .map_err(|errno| system("container-directory", name, errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_get_a_block_group_each_where_the_file_system_can_do_that() {
        let path = std::env::temp_dir().join(format!("tbox-spread-{}", std::process::id()));
        std::fs::create_dir_all(path.join("containers")).unwrap();
        let opened = |name: &str| std::fs::File::open(path.join(name)).unwrap();
        let flagged =
            |name: &str| ioctl_getflags(opened(name)).is_ok_and(|f| f.contains(IFlags::TOPDIR));
        let supported = ioctl_getflags(opened(""))
            .is_ok_and(|flags| ioctl_setflags(opened(""), flags | IFlags::TOPDIR).is_ok())
            && flagged("");
        spread_containers(opened("").as_fd());
        assert_eq!(flagged("containers"), supported);
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn only_the_uppermost_occurrence_of_a_layer_remains() {
        let ids = ["base", "a", "b", "a", "a"].map(str::to_owned);
        assert_eq!(uppermost_occurrences(&ids), ["base", "b", "a"]);
    }
}
