//! The root file system: one overlay over the layers.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Root;
use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Uid, chmodat, fchmod, fchown, mkdirat, openat};
use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, mount_change};

use crate::failure::{explained, system};
use crate::steps::host_root;
use crate::steps::overlay::{Access, Overlay};
use crate::tree::{self, Kind, path_of};

/// The directories of the store, opened in the container's mount namespace: what was opened before it
/// existed belongs to another one and can be neither covered nor copied.
#[derive(Debug)]
pub struct Store {
    root: OwnedFd,
    container_path: String,
    pub container: OwnedFd,
}

impl Store {
    pub fn open(path: &Path, id: &str) -> Result<Self, Failure> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, path, flags, Mode::empty())
            .map_err(|errno| system("open", &path.to_string_lossy(), errno))?;
        let container_path = format!("containers/{id}");
        let container = tree::open_plain(root.as_fd(), &container_path, flags)
            .map_err(|errno| system("container-directory", &container_path, errno))?;
        Ok(Self {
            root,
            container_path,
            container,
        })
    }
}

impl Store {
    /// Opens layers, base first.
    pub fn open_layers(&self, diff_ids: &[String]) -> Result<Vec<OwnedFd>, Failure> {
        let layers = diff_ids.iter().map(|id| format!("layers/{id}"));
        layers.map(|path| self.open_part(&path)).collect()
    }

    fn open_part(&self, path: &str) -> Result<OwnedFd, Failure> {
        tree::open_plain(self.root.as_fd(), path, OFlags::PATH | OFlags::DIRECTORY)
            .map_err(|errno| system("layer", path, errno))
    }

    /// The layer for what mounts cover.
    pub fn open_targets(&self) -> Result<OwnedFd, Failure> {
        open_part(self, "targets")
    }

    /// The directory of a volume.
    pub fn open_volume(&self, name: &str) -> Result<OwnedFd, Failure> {
        let path = format!("volumes/{name}/_data");
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        tree::open_plain(self.root.as_fd(), &path, flags)
            .map_err(|errno| system("volume", name, errno))
    }
}

impl Store {
    /// The directory of a build's cache, made with this owner and mode where it is missing.
    pub fn ensure_cache(
        &self,
        name: &str,
        (uid, gid): (u32, u32),
        mode: u32,
    ) -> Result<OwnedFd, Failure> {
        let build = make_part(self.root.as_fd(), "build")?;
        let caches = make_part(build.as_fd(), "caches")?;
        let refused = |errno| system("cache", name, errno);
        let readable = OFlags::RDONLY | OFlags::DIRECTORY;
        match mkdirat(&caches, name, Mode::from_raw_mode(0o700)) {
            Ok(()) => {
                let made = tree::open_plain(caches.as_fd(), name, readable).map_err(refused)?;
                fchown(&made, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
                    .map_err(refused)?;
                fchmod(&made, Mode::from_raw_mode(mode)).map_err(refused)?;
            }
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(refused(errno)),
        }
        tree::open_plain(caches.as_fd(), name, OFlags::PATH | OFlags::DIRECTORY).map_err(refused)
    }
}

/// Nothing that is mounted from here on may reach another namespace.
pub fn isolate() -> Result<(), Failure> {
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
    .map_err(|errno| system("isolate-mounts", "/", errno))
}

/// Mounts the root over the container's own directory and opens it.
pub fn mount_root(store: &Store, root: &Root) -> Result<OwnedFd, Failure> {
    let target = path_of(store.container.as_fd());
    match root {
        Root::Layers {
            diff_ids,
            volatile,
            targets,
            ..
        } => {
            let lowers = open_lowers(store, diff_ids, *targets)?;
            let upper = open_part(store, "upper")?;
            let work = open_part(store, "work")?;
            let overlay = Overlay {
                lowers: &lowers,
                upper: &upper,
                work: &work,
                access: Access::Changeable,
                volatile: *volatile,
            };
            overlay.mount(&target).map_err(refused_overlay)?;
            reopen(store)
        }
        Root::Directory { path, readonly } => {
            let place = store.container.as_fd();
            host_root::mount_host_root(place, || reopen(store), path, Access::new(*readonly))
        }
    }
}

/// Makes the whole root read-only once nothing needs to be made in it any more.
pub fn protect_root(root: BorrowedFd<'_>, plan: &Root) -> Result<(), Failure> {
    let (Root::Layers { readonly, .. } | Root::Directory { readonly, .. }) = plan;
    if !readonly {
        return Ok(());
    }
    use sys::mounts::{Attributes, Depth, Propagation, set_attributes};
    set_attributes(
        root,
        Attributes::READONLY,
        Propagation::Unchanged,
        Depth::One,
    )
    .map_err(|errno| system("read-only-root", "/", errno))
}

fn refused_overlay(errno: Errno) -> Failure {
    match errno {
        Errno::INVAL | Errno::OPNOTSUPP => explained(
            FailureKind::System,
            "mount-root",
            format!(
                "mount overlay: {errno}: the file system of the data directory cannot hold the upper layer of an \
                 overlay; set TBOX_DATA_DIR to a directory on ext4, xfs, btrfs or tmpfs"
            ),
        ),
        _ => system("mount-root", "overlay", errno),
    }
}

/// What every container mounts something over, so that nothing has to be made for it in the upper layer.
const TARGETS: [(&str, &[&str]); 4] = [
    ("dev", &[]),
    ("etc", &["hostname", "hosts", "resolv.conf"]),
    ("proc", &[]),
    ("sys", &[]),
];

const BASE: &str = "base";

/// Makes the layer that lies below all others: directories and files that standard mounts cover.
pub fn ensure_base(store: BorrowedFd<'_>) -> Result<(), Failure> {
    let base = make_part(store, BASE)?;
    open_to_all(store, BASE, 0o755)?;
    for (name, files) in TARGETS {
        let directory = make_part(base.as_fd(), name)?;
        open_to_all(base.as_fd(), name, 0o755)?;
        for file in files {
            tree::make(directory.as_fd(), file, Kind::File)
                .map_err(|errno| system("base-layer", file, errno))?;
            open_to_all(directory.as_fd(), file, 0o644)?;
        }
    }
    Ok(())
}

/// Whatever the umask says: these are seen where an image has nothing of the name.
fn open_to_all(parent: BorrowedFd<'_>, name: &str, mode: u32) -> Result<(), Failure> {
    chmodat(parent, name, Mode::from_raw_mode(mode), AtFlags::empty())
        .map_err(|errno| system("base-layer", name, errno))
}

/// Opens what the upper directory lies on, the lowest first.
fn open_lowers(store: &Store, diff_ids: &[String], targets: bool) -> Result<Vec<OwnedFd>, Failure> {
    let mut lowers = vec![store.open_part(BASE)?];
    if targets {
        lowers.push(store.open_targets()?);
    }
    lowers.extend(store.open_layers(diff_ids)?);
    Ok(lowers)
}

fn open_part(store: &Store, name: &str) -> Result<OwnedFd, Failure> {
    tree::open_plain(
        store.container.as_fd(),
        name,
        OFlags::PATH | OFlags::DIRECTORY,
    )
    .map_err(|errno| system("container-directory", name, errno))
}

fn make_part(parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Failure> {
    match mkdirat(parent, name, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(system("container-directory", name, errno)),
    }
    tree::open_plain(parent, name, OFlags::PATH | OFlags::DIRECTORY)
        .map_err(|errno| system("container-directory", name, errno))
}

/// What now covers the container's directory.
fn reopen(store: &Store) -> Result<OwnedFd, Failure> {
    tree::open_plain(
        store.root.as_fd(),
        &store.container_path,
        OFlags::PATH | OFlags::DIRECTORY,
    )
    .map_err(|errno| system("mount-root", &store.container_path, errno))
}
