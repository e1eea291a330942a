//! The store's directories for layers, and paths below the store's root.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::SystemTime;

use rustix::fs::{
    AtFlags, Mode, OFlags, RenameFlags, ResolveFlags, fsync, mkdirat, openat, openat2,
    renameat_with, statat, syncfs,
};
use rustix::io::Errno;

use crate::extract::describe_implied;
use crate::remove;

/// A directory opened for reading its content.
pub const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{0:?} is no relative path below the store")]
    Path(String),
    #[error("{action} {path} in the store")]
    System {
        action: &'static str,
        path: String,
        #[source]
        errno: Errno,
    },
}

fn at(action: &'static str, path: &str) -> impl FnOnce(Errno) -> StoreError {
    move |errno| StoreError::System {
        action,
        path: path.to_owned(),
        errno,
    }
}

/// Opens the directory that holds the last component of `path`, which is returned beside it;
/// `None` if there is no such directory. Symbolic links are not followed.
pub fn open_parent<'p>(
    store: BorrowedFd<'_>,
    path: &'p str,
) -> Result<Option<(OwnedFd, &'p str)>, StoreError> {
    let proper = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    if !path.split('/').all(proper) {
        return Err(StoreError::Path(path.to_owned()));
    }
    let (parent, name) = path.rsplit_once('/').unwrap_or((".", path));
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match retry(|| openat2(store, parent, DIRECTORY, Mode::empty(), resolve)) {
        Ok(directory) => Ok(Some((directory, name))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(at("opening", parent)(errno)),
    }
}

/// `openat2` gives up with EAGAIN whenever anything is renamed meanwhile on the whole machine.
pub fn retry<T>(call: impl Fn() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 0..1000 {
        match call() {
            Err(Errno::AGAIN | Errno::INTR) => std::thread::yield_now(),
            result => return result,
        }
    }
    call()
}

/// `layers/` of the store.
pub struct Layers {
    committed: OwnedFd,
    staging: OwnedFd,
}

impl Layers {
    /// Creates what is missing. Only the user may enter: set-id files of images lie below.
    pub fn open(store: BorrowedFd<'_>) -> Result<Self, StoreError> {
        let layers = ensure_directory(store, "layers")?;
        Ok(Self {
            committed: ensure_directory(layers.as_fd(), "sha256")?,
            staging: ensure_directory(layers.as_fd(), ".staging")?,
        })
    }

    /// The committed layer of this digest, 64 hex characters.
    pub fn find(&self, hex: &str) -> Result<Option<OwnedFd>, StoreError> {
        match openat(&self.committed, hex, DIRECTORY, Mode::empty()) {
            Ok(layer) => Ok(Some(layer)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(at("opening layer", hex)(errno)),
        }
    }

    /// The directory of the committed layers.
    pub fn committed(&self) -> BorrowedFd<'_> {
        self.committed.as_fd()
    }

    /// An empty directory to unpack into.
    pub fn stage(&self) -> Result<Staging<'_>, StoreError> {
        loop {
            let name = unique_name();
            match mkdirat(&self.staging, &name, Mode::from_raw_mode(0o755)) {
                Ok(()) => {}
                Err(Errno::EXIST) => continue,
                Err(errno) => return Err(at("creating", &name)(errno)),
            }
            let root = openat(&self.staging, &name, DIRECTORY, Mode::empty())
                .map_err(at("opening", &name))?;
            describe_implied(root.as_fd()).map_err(at("preparing", &name))?;
            return Ok(Staging {
                layers: self,
                name,
                root,
                committed: false,
            });
        }
    }
}

fn ensure_directory(parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, StoreError> {
    match mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(at("creating", name)(errno)),
    }
    openat(parent, name, DIRECTORY, Mode::empty()).map_err(at("opening", name))
}

pub fn unique_name() -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos());
    format!("{now:x}-{:x}", std::process::id())
}

/// A tree that disappears unless it is committed.
pub struct Staging<'l> {
    layers: &'l Layers,
    name: String,
    root: OwnedFd,
    committed: bool,
}

impl Staging<'_> {
    pub fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    pub fn root_fd(&self) -> &OwnedFd {
        &self.root
    }

    /// Makes the tree durable, then visible as the layer of this digest. Another worker may have
    /// been faster; its tree stays then, and this one goes.
    pub fn commit(mut self, hex: &str) -> Result<(), StoreError> {
        let layers = self.layers;
        // One call for all files, and the only one that also reports a lost write of any of them.
        syncfs(&self.root).map_err(at("syncing", &self.name))?;
        match renameat_with(
            &layers.staging,
            &self.name,
            &layers.committed,
            hex,
            RenameFlags::NOREPLACE,
        ) {
            Ok(()) => self.committed = true,
            Err(Errno::EXIST) => return Ok(()),
            Err(errno) => return Err(at("committing layer", hex)(errno)),
        }
        fsync(&layers.committed).map_err(at("syncing the directory of layer", hex))
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        if !self.committed {
            // The reason for dropping it is reported; the daemon clears leftovers at its start.
            let _ = remove::tree(self.layers.staging.as_fd(), self.name.as_bytes());
        }
    }
}

/// What lies at a name, looked at without following it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Nothing,
    Directory,
    Symlink,
    /// Overlayfs's mark of a deleted name: a character device 0:0.
    Whiteout,
    Other,
}

impl Existing {
    pub fn at(directory: BorrowedFd<'_>, name: &[u8]) -> Result<Self, Errno> {
        use rustix::fs::FileType;
        let stat = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(Self::Nothing),
            Err(errno) => return Err(errno),
        };
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Symlink,
            FileType::CharacterDevice if stat.st_rdev == 0 => Self::Whiteout,
            _ => Self::Other,
        })
    }
}
