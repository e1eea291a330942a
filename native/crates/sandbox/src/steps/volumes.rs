//! What the request mounts besides: directories of the host, files of the store, tmpfs.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Mount, Propagation, Root};
use rustix::fs::{Gid, Mode, OFlags, Uid, fchmod, fchown, openat};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;
use sys::mounts::{self, Attributes, Depth, set_attributes};

use crate::base64;
use crate::failure::{explained, system};
use crate::steps::attach;
use crate::steps::overlay::Access;
use crate::steps::populate::populate;
use crate::steps::root::Store;
use crate::tree;
use crate::trees;

/// A mount that is ready but attached nowhere.
#[derive(Debug)]
pub struct Volume {
    mount: OwnedFd,
    target: String,
    /// An empty directory gets what the image has at the target, before it covers that.
    fill: Option<OwnedFd>,
}

/// Opens all sources while the host's paths still mean the host's files.
pub fn open_volumes(store: &Store, mounts: &[Mount]) -> Result<Vec<Volume>, Failure> {
    mounts
        .iter()
        .enumerate()
        .map(|(index, mount)| open_volume(store, index, mount))
        .collect()
}

/// Makes what the mounts will cover, in the layer that lies below the image's for this.
pub fn make_targets(store: &Store, root: &Root, volumes: &[Volume]) -> Result<(), Failure> {
    let Root::Layers { targets: true, .. } = root else {
        return Ok(());
    };
    let targets = store.open_targets()?;
    for Volume { mount, target, .. } in volumes {
        attach::kind(mount.as_fd())
            .and_then(|kind| tree::ensure(targets.as_fd(), target, kind))
            .map_err(|errno| refused_target(target, errno))?;
    }
    Ok(())
}

/// Attaches them in order, below the root and never through a link of the image that leads out of it.
pub fn attach_volumes(root: BorrowedFd<'_>, volumes: &[Volume]) -> Result<(), Failure> {
    for Volume {
        mount,
        target,
        fill,
    } in volumes
    {
        if let Some(volume) = fill {
            populate(root, target, volume.as_fd())
                .map_err(|errno| system("fill-volume", target, errno))?;
        }
        attach::kind(mount.as_fd())
            .and_then(|kind| tree::ensure(root, target, kind))
            .and_then(|place| attach::attach(mount.as_fd(), place.as_fd()))
            .map_err(|errno| refused_target(target, errno))?;
    }
    Ok(())
}

fn open_volume(store: &Store, index: usize, mount: &Mount) -> Result<Volume, Failure> {
    let mut fill = None;
    let (mount, target) = match mount {
        Mount::Bind {
            source,
            target,
            readonly,
            recursive,
            propagation,
        } => {
            let mount = bind(source, *readonly, *recursive, *propagation);
            (
                mount.map_err(|errno| system("mount", source, errno))?,
                target,
            )
        }
        Mount::StoreFile {
            name,
            target,
            readonly,
        } => {
            let mount = tree::open_plain(store.container.as_fd(), name, OFlags::PATH)
                .and_then(|file| attach::copy_of(file.as_fd(), false))
                .and_then(|mount| {
                    restrict(mount, *readonly, mounts::Propagation::Private, Depth::One)
                });
            (mount.map_err(|errno| system("mount", name, errno))?, target)
        }
        Mount::Volume {
            name,
            target,
            readonly,
            fill: filled,
            subpath,
        } => {
            let mut place = store.open_volume(name)?;
            if let Some(path) = subpath {
                place =
                    tree::open(place.as_fd(), path, OFlags::PATH).map_err(|errno| match errno {
                        Errno::NOENT | Errno::NOTDIR => explained(
                            FailureKind::InvalidArgument,
                            "volume-subpath",
                            format!(
                                "volume {name} holds no {path}: a subpath has to be there before"
                            ),
                        ),
                        _ => system("volume-subpath", path, errno),
                    })?;
            }
            let mount = attach::copy_of(place.as_fd(), false).and_then(|mount| {
                restrict(mount, *readonly, mounts::Propagation::Private, Depth::One)
            });
            fill = filled.then_some(place);
            (mount.map_err(|errno| system("mount", name, errno))?, target)
        }
        Mount::Device { source, target } => {
            let mount = attach::copy(source, true)
                .and_then(|mount| {
                    let add = Attributes::NOSUID | Attributes::NOEXEC;
                    set_attributes(
                        mount.as_fd(),
                        add,
                        mounts::Propagation::Private,
                        Depth::Tree,
                    )?;
                    Ok(mount)
                })
                .map_err(|errno| system("device", source, errno))?;
            (mount, target)
        }
        Mount::Tree {
            tree,
            source,
            target,
            readonly,
        } => {
            let root = trees::open(store, index, tree, Access::new(*readonly))?;
            let place = trees::find(root.as_fd(), source)?;
            let mount = attach::copy_of(place.as_fd(), false).and_then(|mount| {
                restrict(mount, *readonly, mounts::Propagation::Private, Depth::One)
            });
            (
                mount.map_err(|errno| system("mount", source, errno))?,
                target,
            )
        }
        Mount::Cache {
            name,
            target,
            readonly,
            uid,
            gid,
            mode,
        } => {
            let directory = store.ensure_cache(name, (*uid, *gid), *mode)?;
            let mount = attach::copy_of(directory.as_fd(), false).and_then(|mount| {
                restrict(mount, *readonly, mounts::Propagation::Private, Depth::One)
            });
            (mount.map_err(|errno| system("mount", name, errno))?, target)
        }
        Mount::Secret {
            content,
            target,
            uid,
            gid,
            mode,
        } => {
            let mount = secret(content, (*uid, *gid), *mode);
            (
                mount.map_err(|errno| system("secret", target, errno))?,
                target,
            )
        }
        Mount::Tmpfs {
            target,
            size,
            mode,
            readonly,
            exec,
        } => {
            let mount = tmpfs(*size, *mode, *readonly, *exec);
            (
                mount.map_err(|errno| system("mount", target, errno))?,
                target,
            )
        }
    };
    Ok(Volume {
        mount,
        target: target.clone(),
        fill,
    })
}

fn bind(
    source: &str,
    readonly: bool,
    recursive: bool,
    propagation: Propagation,
) -> Result<OwnedFd, Errno> {
    let mount = attach::copy(source, recursive)?;
    let (propagation, depth) = match propagation {
        Propagation::Private => (mounts::Propagation::Private, Depth::One),
        Propagation::Rprivate => (mounts::Propagation::Private, Depth::Tree),
        Propagation::Slave => (mounts::Propagation::Slave, Depth::One),
        Propagation::Rslave => (mounts::Propagation::Slave, Depth::Tree),
        Propagation::Shared => (mounts::Propagation::Shared, Depth::One),
        Propagation::Rshared => (mounts::Propagation::Shared, Depth::Tree),
    };
    set_attributes(mount.as_fd(), Attributes::empty(), propagation, depth)?;
    // Read-only covers what is mounted below, too: a writable corner would make the word a lie.
    restrict(mount, readonly, mounts::Propagation::Unchanged, Depth::Tree)
}

fn restrict(
    mount: OwnedFd,
    readonly: bool,
    propagation: mounts::Propagation,
    depth: Depth,
) -> Result<OwnedFd, Errno> {
    let mut add = Attributes::NOSUID | Attributes::NODEV;
    add.set(Attributes::READONLY, readonly);
    set_attributes(mount.as_fd(), add, propagation, depth)?;
    Ok(mount)
}

fn tmpfs(size: Option<u64>, mode: u32, readonly: bool, exec: bool) -> Result<OwnedFd, Errno> {
    let mode = format!("{mode:o}");
    let size = size.map(|size| size.to_string());
    let mut options = vec![("mode", mode.as_str())];
    options.extend(size.as_deref().map(|size| ("size", size)));
    let mut attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    attributes.set(MountAttrFlags::MOUNT_ATTR_NOEXEC, !exec);
    attributes.set(MountAttrFlags::MOUNT_ATTR_RDONLY, readonly);
    attach::create("tmpfs", &options, attributes)
}

fn refused_target(target: &str, errno: Errno) -> Failure {
    match errno {
        Errno::NOTDIR | Errno::LOOP => explained(
            FailureKind::InvalidArgument,
            "mount",
            format!(
                "mount {target}: {errno}: are you trying to mount a directory onto a file (or vice-versa)? \
                 check that the path exists and is of the expected type"
            ),
        ),
        _ => system("mount", target, errno),
    }
}

/// A file of a file system of its own, which goes when nothing shows it any more.
fn secret(content: &str, (uid, gid): (u32, u32), mode: u32) -> Result<OwnedFd, Errno> {
    let bytes = base64::decode(content).ok_or(Errno::INVAL)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let memory = attach::create("tmpfs", &[("mode", "0700")], attributes)?;
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
    let file = tree::open_plain(memory.as_fd(), "secret", OFlags::PATH)?;
    restrict(
        attach::copy_of(file.as_fd(), false)?,
        true,
        mounts::Propagation::Private,
        Depth::One,
    )
}
