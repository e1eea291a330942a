//! The mounts of the request: directories of the host, volumes, tmpfs, secrets and others.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::{Mount, Root};
use rustix::io::Errno;

use crate::failure::{explained, system};
use crate::in_root::{self, Kind, kind_of};
use crate::mounts::attach;
use crate::mounts::kernel_mounts;
use crate::mounts::populate::{EmptyVolume, populate};
use crate::mounts::sources::{self, Source};
use crate::store::Store;

/// A detached mount and the path of its mount point.
#[derive(Debug)]
pub struct AdditionalMount {
    mount: OwnedFd,
    /// The source as messages name it.
    source: String,
    target: String,
    /// A volume that is filled with the image's files at the target if it is empty.
    fill: Option<EmptyVolume>,
}

/// Opens all sources. Call it before the pivot, while paths are the host's.
pub fn open(store: &Store, mounts: &[Mount]) -> Result<Vec<AdditionalMount>, Failure> {
    let mut trees = 0;
    let open = |request| {
        let Source { mount, fill } = sources::open(store, trees, request)?;
        // Other mounts are skipped: a worker opens a container's trees without its devices.
        trees += usize::from(matches!(request, Mount::Tree { .. }));
        Ok(AdditionalMount {
            mount,
            source: sources::name(request),
            target: sources::target(request).to_owned(),
            fill,
        })
    };
    mounts.iter().map(open).collect()
}

/// Creates the mount points in the container's `targets` layer, which is below the image's layers.
pub fn create_mount_points(
    store: &Store,
    root: &Root,
    mounts: &[AdditionalMount],
) -> Result<(), Failure> {
    let Root::Layers { targets: true, .. } = root else {
        return Ok(());
    };
    let targets = store.open_targets()?;
    for mount in mounts {
        kind_of(mount.mount.as_fd())
            .and_then(|kind| in_root::ensure(targets.as_fd(), &mount.target, kind))
            .map_err(|errno| mount.refused(errno))?;
    }
    Ok(())
}

/// Fills empty volumes with the image's files. Call it before anything is mounted in the root: the files of other
/// mounts are not the image's.
pub fn fill(root: BorrowedFd<'_>, mounts: &[AdditionalMount]) -> Result<(), Failure> {
    for mount in mounts {
        if let Some(volume) = &mount.fill {
            populate(root, &mount.target, volume)
                .map_err(|errno| system("fill-volume", &mount.target, errno))?;
        }
    }
    Ok(())
}

/// Attaches the mounts in order. No symbolic link of the image leads a mount point out of the root.
pub fn attach(root: BorrowedFd<'_>, mounts: &[AdditionalMount]) -> Result<(), Failure> {
    mounts.iter().try_for_each(|mount| mount.attach(root))
}

impl AsFd for AdditionalMount {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.mount.as_fd()
    }
}

impl AdditionalMount {
    /// Returns a mount that another process has opened, with its [`AdditionalMount::names`].
    pub fn opened(mount: OwnedFd, source: String, target: String) -> Self {
        Self {
            mount,
            source,
            target,
            fill: None,
        }
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the source as messages name it, and the mount point.
    pub fn names(&self) -> (String, String) {
        (self.source.clone(), self.target.clone())
    }

    fn attach(&self, root: BorrowedFd<'_>) -> Result<(), Failure> {
        let kind = kind_of(self.mount.as_fd()).map_err(|errno| self.refused(errno))?;
        let mount_point = in_root::ensure(root, &self.target, kind).map_err(|errno| {
            match kernel_mounts::containing(&self.target) {
                Some(directory) => self.falsifies(directory),
                None => self.refused(errno),
            }
        })?;
        let (mount, mount_point) = (self.mount.as_fd(), mount_point.as_fd());
        let falsified =
            kernel_mounts::refused_directory(mount, &self.source, mount_point, &self.target)
                .map_err(|errno| self.refused(errno))?;
        if let Some(directory) = falsified {
            return Err(self.falsifies(directory));
        }
        match (
            kind,
            kind_of(mount_point).map_err(|errno| self.refused(errno))?,
        ) {
            (Kind::File, Kind::Directory) => Err(self.other_kind("a file", "the directory")),
            (Kind::Directory, Kind::File) => Err(self.other_kind("a directory", "the file")),
            _ => attach::attach(mount, mount_point).map_err(|errno| self.refused(errno)),
        }
    }

    fn falsifies(&self, directory: &str) -> Failure {
        let target = &self.target;
        let reason = format!("{target:?} cannot be mounted because it is inside {directory:?}");
        self.invalid(&reason)
    }

    fn other_kind(&self, kind: &str, covered: &str) -> Failure {
        self.invalid(&format!(
            "{kind} cannot be mounted over {covered}: not a directory: are you trying to mount a directory onto a file \
             (or vice-versa)? check if the specified host path exists and is the expected type"
        ))
    }

    fn refused(&self, errno: Errno) -> Failure {
        match errno {
            Errno::NOTDIR => self.invalid("a part of the target is not a directory"),
            Errno::LOOP => self.invalid("too many symbolic links in the target"),
            _ => {
                let mut failure = system("mount", &self.target, errno);
                failure.message = self.message(&errno.to_string());
                failure
            }
        }
    }

    fn invalid(&self, reason: &str) -> Failure {
        explained(FailureKind::InvalidArgument, "mount", self.message(reason))
    }

    fn message(&self, reason: &str) -> String {
        let Self { source, target, .. } = self;
        format!("error mounting {source:?} to rootfs at {target:?}: {reason}")
    }
}
