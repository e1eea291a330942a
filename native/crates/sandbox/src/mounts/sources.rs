//! The sources of additional mounts, one function per kind.

use std::os::fd::{AsFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{FileTree, Mount, Propagation, Tmpfs};
use rustix::fs::{Gid, Mode, OFlags, Uid, fchmod, fchown, openat};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;
use sys::mounts::{self, Attributes, Depth, set_attributes};

use crate::base64;
use crate::failure::{explained, system};
use crate::in_root;
use crate::mounts::attach;
use crate::mounts::file_trees;
use crate::mounts::overlay::Access;
use crate::mounts::populate::EmptyVolume;
use crate::store::{Store, Volume};

/// An opened source.
#[derive(Debug)]
pub struct Source {
    /// The detached mount.
    pub mount: OwnedFd,
    /// The volume, if it is filled when it is empty.
    pub fill: Option<EmptyVolume>,
}

/// Returns the source as messages name it.
pub fn name(mount: &Mount) -> String {
    match mount {
        Mount::Bind { source, .. } | Mount::Device { source, .. } | Mount::Tree { source, .. } => {
            source.clone()
        }
        Mount::StoreFile { name, .. } => name.clone(),
        Mount::Volume { name, .. } => format!("volume {name}"),
        Mount::Cache { name, .. } => format!("cache {name}"),
        Mount::Tmpfs { .. } => "tmpfs".to_owned(),
        Mount::Secret { .. } => "secret".to_owned(),
    }
}

/// Returns the path of the mount point.
pub fn target(mount: &Mount) -> &str {
    match mount {
        Mount::Bind { target, .. }
        | Mount::StoreFile { target, .. }
        | Mount::Volume { target, .. }
        | Mount::Device { target, .. }
        | Mount::Tmpfs(Tmpfs { target, .. })
        | Mount::Tree { target, .. }
        | Mount::Cache { target, .. }
        | Mount::Secret { target, .. } => target,
    }
}

/// Opens the source of a mount. `tree_index` is the number of trees before it in the container.
pub fn open(store: &Store, tree_index: usize, mount: &Mount) -> Result<Source, Failure> {
    let refused = |step, subject| move |errno| system(step, subject, errno);
    let mount = match mount {
        Mount::Volume {
            name,
            readonly,
            fill,
            subpath,
            ..
        } => return volume(store, name, subpath.as_deref(), *readonly, *fill),
        Mount::Tree {
            tree,
            source,
            readonly,
            ..
        } => file_tree(store, tree_index, tree, source, *readonly)?,
        Mount::Bind {
            source,
            readonly,
            shallow_readonly,
            recursive,
            propagation,
            ..
        } => {
            let depth = if *recursive { Depth::Tree } else { Depth::One };
            let readonly = readonly.then_some(if *shallow_readonly {
                Depth::One
            } else {
                Depth::Tree
            });
            bind(source, depth, readonly, *propagation).map_err(refused("mount", source))?
        }
        Mount::StoreFile { name, readonly, .. } => {
            in_root::open_without_links(store.container.as_fd(), name, OFlags::PATH)
                .and_then(|file| show(&file, *readonly))
                .map_err(refused("mount", name))?
        }
        Mount::Device { source, .. } => device(source).map_err(refused("device", source))?,
        Mount::Cache {
            name,
            readonly,
            uid,
            gid,
            mode,
            ..
        } => show(&store.ensure_cache(name, (*uid, *gid), *mode)?, *readonly)
            .map_err(refused("mount", name))?,
        Mount::Secret {
            content,
            target,
            uid,
            gid,
            mode,
        } => secret(content, (*uid, *gid), *mode).map_err(refused("secret", target))?,
        Mount::Tmpfs(options) => tmpfs(options).map_err(refused("mount", &options.target))?,
    };
    Ok(Source { mount, fill: None })
}

/// Clones the mount of a file or directory of the store.
fn show(file: &OwnedFd, readonly: bool) -> Result<OwnedFd, Errno> {
    attach::clone_of(file.as_fd(), Depth::One)
        .and_then(|mount| attach::restrict(mount, no_devices(readonly), Depth::One))
}

fn no_devices(readonly: bool) -> Attributes {
    let mut attributes = Attributes::NODEV;
    attributes.set(Attributes::READONLY, readonly);
    attributes
}

/// Clones a mount of the host. `readonly` is the depth to which the clone is read-only.
fn bind(
    source: &str,
    depth: Depth,
    readonly: Option<Depth>,
    propagation: Propagation,
) -> Result<OwnedFd, Errno> {
    let mount = attach::clone_path(source, depth)?;
    let (propagation, depth) = match propagation {
        Propagation::Private => (mounts::Propagation::Private, Depth::One),
        Propagation::Rprivate => (mounts::Propagation::Private, Depth::Tree),
        Propagation::Slave => (mounts::Propagation::Slave, Depth::One),
        Propagation::Rslave => (mounts::Propagation::Slave, Depth::Tree),
        Propagation::Shared => (mounts::Propagation::Shared, Depth::One),
        Propagation::Rshared => (mounts::Propagation::Shared, Depth::Tree),
    };
    set_attributes(mount.as_fd(), Attributes::empty(), propagation, depth)?;
    // Devices stay usable: the host's permissions apply, and a container cannot create any.
    // Set-user-ID files work, as in Docker: an owner is mapped only if it is the caller or a subordinate id.
    if let Some(depth) = readonly {
        let unchanged = mounts::Propagation::Unchanged;
        set_attributes(mount.as_fd(), Attributes::READONLY, unchanged, depth)?;
    }
    Ok(mount)
}

fn volume(
    store: &Store,
    name: &str,
    subpath: Option<&str>,
    readonly: bool,
    fill: bool,
) -> Result<Source, Failure> {
    let Volume {
        outer,
        data: mut directory,
    } = store.open_volume(name)?;
    if let Some(path) = subpath {
        let opened = in_root::open(directory.as_fd(), path, OFlags::PATH);
        directory = opened.map_err(|errno| match errno {
            Errno::NOENT | Errno::NOTDIR => explained(
                FailureKind::InvalidArgument,
                "volume-subpath",
                format!("subpath {path} of volume {name} does not exist: create it first"),
            ),
            _ => system("volume-subpath", path, errno),
        })?;
    }
    let mount = show(&directory, readonly).map_err(|errno| system("mount", name, errno))?;
    Ok(Source {
        mount,
        fill: fill.then_some(EmptyVolume {
            directory,
            lock: outer,
        }),
    })
}

fn device(source: &str) -> Result<OwnedFd, Errno> {
    let add = Attributes::NOSUID | Attributes::NOEXEC;
    attach::clone_path(source, Depth::Tree)
        .and_then(|mount| attach::restrict(mount, add, Depth::Tree))
}

fn file_tree(
    store: &Store,
    index: usize,
    tree: &FileTree,
    source: &str,
    readonly: bool,
) -> Result<OwnedFd, Failure> {
    let root = file_trees::open(store, index, tree, Access::new(readonly))?;
    let file = file_trees::find(root.as_fd(), source)?;
    show(&file, readonly).map_err(|errno| system("mount", source, errno))
}

fn tmpfs(tmpfs: &Tmpfs) -> Result<OwnedFd, Errno> {
    let mut options = vec![("mode", format!("{:o}", tmpfs.mode))];
    options.extend(tmpfs.size.map(|size| ("size", size.to_string())));
    options.extend(tmpfs.inodes.map(|count| ("nr_inodes", count.to_string())));
    options.extend(tmpfs.uid.map(|uid| ("uid", uid.to_string())));
    options.extend(tmpfs.gid.map(|gid| ("gid", gid.to_string())));
    let options: Vec<(&str, &str)> = options
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    attributes.set(MountAttrFlags::MOUNT_ATTR_NOEXEC, !tmpfs.exec);
    attributes.set(MountAttrFlags::MOUNT_ATTR_RDONLY, tmpfs.readonly);
    attributes.set(MountAttrFlags::MOUNT_ATTR_NOATIME, tmpfs.noatime);
    attach::create("tmpfs", &options, attributes)
}

/// Creates a file in a new tmpfs, which the kernel frees with its last mount.
fn secret(content: &str, (uid, gid): (u32, u32), mode: u32) -> Result<OwnedFd, Errno> {
    let bytes = base64::decode(content).ok_or(Errno::INVAL)?;
    let memory = attach::create("tmpfs", &[("mode", "0700")], attach::RESTRICTED)?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = openat(&memory, "secret", flags, Mode::from_raw_mode(0o600))?;
    let mut left = bytes.as_slice();
    while !left.is_empty() {
        let count = rustix::io::write(&file, left)?;
        left = &left[count..];
    }
    fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    fchmod(&file, Mode::from_raw_mode(mode))?;
    drop(file);
    let file = in_root::open_without_links(memory.as_fd(), "secret", OFlags::PATH)?;
    show(&file, true)
}
