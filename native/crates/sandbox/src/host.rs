//! State that all containers of a zygote share, created once.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::failure::{Failure, FailureKind};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, major, minor, openat};
use rustix::io::Errno;
use seccomp::Filter;
use sys::mounts::Depth;

use crate::failure::{explained, system};
use crate::in_root;
use crate::mounts::kept_overlay::{self, FileId};
use crate::mounts::{attach, base_layer};
use crate::privileges::capabilities;
use crate::store::spread_containers;
use crate::users::id_map::IdMap;

/// Devices of the host that a container has, with their major and minor numbers.
const DEVICES: [(&str, (u32, u32)); 6] = [
    ("null", (1, 3)),
    ("zero", (1, 5)),
    ("full", (1, 7)),
    ("random", (1, 8)),
    ("urandom", (1, 9)),
    ("tty", (5, 0)),
];

/// The store, the run directory and the ids of the user namespace.
#[derive(Debug)]
pub struct Host {
    store: OwnedFd,
    store_path: PathBuf,
    run: OwnedFd,
    run_path: PathBuf,
    helper: OwnedFd,
    uids: IdMap,
    gids: IdMap,
    default_filter: Arc<Filter>,
}

impl Host {
    /// Opens the directories. Call it as root of the user namespace, in a new mount namespace.
    pub fn prepare(store: &Path, run: &Path) -> Result<Self, Failure> {
        let opened = open_directory(store)?;
        base_layer::ensure(opened.as_fd())?;
        spread_containers(opened.as_fd());
        Ok(Self {
            store: opened,
            run: open_directory(run)?,
            run_path: run.to_owned(),
            helper: in_root::open_host("/proc/self/exe")
                .map_err(|errno| system("open", "/proc/self/exe", errno))?,
            store_path: store.to_owned(),
            uids: IdMap::read("uid_map")?,
            gids: IdMap::read("gid_map")?,
            default_filter: Arc::new(compile(capabilities::DEFAULT)),
        })
    }

    pub fn store(&self) -> BorrowedFd<'_> {
        self.store.as_fd()
    }

    pub fn run(&self) -> BorrowedFd<'_> {
        self.run.as_fd()
    }

    pub fn run_path(&self) -> &Path {
        &self.run_path
    }

    /// Opens the run directory again, after it was removed and created again.
    pub fn reopen_run(&mut self) -> Result<(), Failure> {
        self.run = open_directory(&self.run_path)?;
        Ok(())
    }

    /// Returns the program of this process.
    pub(crate) fn helper(&self) -> BorrowedFd<'_> {
        self.helper.as_fd()
    }

    /// Opens `containers/<id>` of the store.
    pub fn container_directory(&self, id: &str) -> Result<OwnedFd, Failure> {
        if id.len() != 64
            || !id
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            let message =
                format!("container id {id:?} is not 64 lower-case hexadecimal characters");
            return Err(explained(
                FailureKind::InvalidArgument,
                "container-directory",
                message,
            ));
        }
        let path = format!("containers/{id}");
        in_root::open_without_links(self.store(), &path, OFlags::PATH | OFlags::DIRECTORY)
            .map_err(|errno| system("container-directory", &path, errno))
    }

    /// Returns the id of a container's upper directory; `None` if it has none.
    pub fn upper_directory(&self, id: &str) -> Option<FileId> {
        let path = format!("containers/{id}/upper");
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let upper = in_root::open_without_links(self.store(), &path, flags).ok()?;
        kept_overlay::id_of(&upper).ok()
    }

    /// Returns the open descriptors.
    pub fn descriptors(&self) -> [BorrowedFd<'_>; 3] {
        [&self.store, &self.run, &self.helper].map(AsFd::as_fd)
    }

    pub(crate) fn store_path(&self) -> &Path {
        &self.store_path
    }

    /// Returns the user ids of the user namespace.
    pub(crate) fn uids(&self) -> &IdMap {
        &self.uids
    }

    /// Returns the group ids of the user namespace.
    pub(crate) fn gids(&self) -> &IdMap {
        &self.gids
    }

    /// Returns the default seccomp filter for a capability set. The filter for the default set is assembled only once.
    pub(crate) fn filter(&self, capabilities: capabilities::Set) -> Arc<Filter> {
        match capabilities {
            capabilities::DEFAULT => Arc::clone(&self.default_filter),
            other => Arc::new(compile(other)),
        }
    }
}

fn compile(set: capabilities::Set) -> Filter {
    seccomp::default_filter(&|name| {
        capabilities::number(name).is_some_and(|number| set & (1 << number) != 0)
    })
}

fn open_directory(path: &Path) -> Result<OwnedFd, Failure> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty())
        .map_err(|errno| system("open", &path.to_string_lossy(), errno))
}

/// Clones the mounts of the host's devices in the caller's mount namespace.
pub(crate) fn clone_devices() -> impl Iterator<Item = Result<(&'static str, OwnedFd), Failure>> {
    DEVICES.into_iter().map(|(name, number)| {
        let path = format!("/dev/{name}");
        let refused = |errno| system("devices", &path, errno);
        let device = in_root::open_host(&path).map_err(refused)?;
        if !is_device(device.as_fd(), number).map_err(refused)? {
            let message = format!("{path} is not character device {}:{}", number.0, number.1);
            return Err(explained(FailureKind::System, "devices", message));
        }
        Ok((
            name,
            attach::clone_of(device.as_fd(), Depth::One).map_err(refused)?,
        ))
    })
}

/// Returns whether the descriptor refers to the character device with this number.
pub(crate) fn is_device(device: BorrowedFd<'_>, number: (u32, u32)) -> Result<bool, Errno> {
    let status = fstat(device)?;
    let found = (major(status.st_rdev), minor(status.st_rdev));
    Ok(FileType::from_raw_mode(status.st_mode) == FileType::CharacterDevice && found == number)
}
