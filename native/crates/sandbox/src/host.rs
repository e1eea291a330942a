//! What every launch of a zygote shares, made once.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use protocol::failure::{Failure, FailureKind};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, major, minor, openat};
use rustix::io::Errno;

use crate::capabilities;
use crate::failure::{explained, system};
use crate::id_map::IdMap;
use crate::seccomp::{self, Program};
use crate::steps::{attach, root};
use crate::tree;

/// Names below /dev with their numbers: what a container gets of the host's devices.
const DEVICES: [(&str, (u32, u32)); 6] = [
    ("null", (1, 3)),
    ("zero", (1, 5)),
    ("full", (1, 7)),
    ("random", (1, 8)),
    ("urandom", (1, 9)),
    ("tty", (5, 0)),
];

#[derive(Debug)]
pub struct Host {
    store: OwnedFd,
    store_path: PathBuf,
    run: OwnedFd,
    uids: IdMap,
    gids: IdMap,
    default_filter: Program,
}

impl Host {
    /// Opens what launches need. Called as root of the user namespace, in a mount namespace of its own.
    pub fn prepare(store: &Path, run: &Path) -> Result<Self, Failure> {
        let opened = open_directory(store)?;
        root::ensure_base(opened.as_fd())?;
        Ok(Self {
            store: opened,
            run: open_directory(run)?,
            store_path: store.to_owned(),
            uids: IdMap::read("uid_map")?,
            gids: IdMap::read("gid_map")?,
            default_filter: seccomp::compile(capabilities::DEFAULT),
        })
    }

    pub fn store(&self) -> BorrowedFd<'_> {
        self.store.as_fd()
    }

    pub fn run(&self) -> BorrowedFd<'_> {
        self.run.as_fd()
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
        tree::open_plain(self.store(), &path, OFlags::PATH | OFlags::DIRECTORY)
            .map_err(|errno| system("container-directory", &path, errno))
    }

    pub(crate) fn store_path(&self) -> &Path {
        &self.store_path
    }

    /// The user ids that exist in the user namespace.
    pub(crate) fn uids(&self) -> &IdMap {
        &self.uids
    }

    /// The group ids that exist in the user namespace.
    pub(crate) fn gids(&self) -> &IdMap {
        &self.gids
    }

    /// The seccomp filter for this capability set.
    pub(crate) fn filter(&self, capabilities: capabilities::Set) -> Program {
        if capabilities == capabilities::DEFAULT {
            return self.default_filter.clone();
        }
        seccomp::compile(capabilities)
    }
}

fn open_directory(path: &Path) -> Result<OwnedFd, Failure> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty())
        .map_err(|errno| system("open", &path.to_string_lossy(), errno))
}

/// A mount of one device of the host for each name, in the caller's mount namespace.
pub(crate) fn copy_devices() -> impl Iterator<Item = Result<(&'static str, OwnedFd), Failure>> {
    DEVICES.into_iter().map(|(name, number)| {
        let path = format!("/dev/{name}");
        let refused = |errno| system("devices", &path, errno);
        let device = tree::open_host(&path).map_err(refused)?;
        if !is_device(device.as_fd(), number).map_err(refused)? {
            let message = format!("{path} is not character device {}:{}", number.0, number.1);
            return Err(explained(FailureKind::System, "devices", message));
        }
        Ok((
            name,
            attach::copy_of(device.as_fd(), false).map_err(refused)?,
        ))
    })
}

/// Whether the descriptor is of the character device with this number.
pub(crate) fn is_device(device: BorrowedFd<'_>, number: (u32, u32)) -> Result<bool, Errno> {
    let status = fstat(device)?;
    let found = (major(status.st_rdev), minor(status.st_rdev));
    Ok(FileType::from_raw_mode(status.st_mode) == FileType::CharacterDevice && found == number)
}
