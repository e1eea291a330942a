//! The store's directories for layers.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::SystemTime;

use rustix::fs::{Mode, RenameFlags, fsync, mkdirat, openat, renameat_with, syncfs};
use rustix::io::Errno;
use walk::DIRECTORY;

use super::path::StoreError;
use crate::metadata::set_defaults;
use crate::remove::remove_tree;

/// The directory `layers` of the store.
pub struct LayerStore {
    committed: OwnedFd,
    staging: OwnedFd,
}

impl LayerStore {
    /// Opens the directories and creates missing ones. Only the user may enter them, because they contain set-id files of
    /// images.
    pub fn open(store: BorrowedFd<'_>) -> Result<Self, StoreError> {
        let layers = ensure_directory(store, "layers")?;
        Ok(Self {
            committed: ensure_directory(layers.as_fd(), "sha256")?,
            staging: ensure_directory(layers.as_fd(), ".staging")?,
        })
    }

    /// Opens the committed layer with this digest, 64 hexadecimal digits.
    pub fn find(&self, hex: &str) -> Result<Option<OwnedFd>, StoreError> {
        match openat(&self.committed, hex, DIRECTORY, Mode::empty()) {
            Ok(layer) => Ok(Some(layer)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(StoreError::during("opening layer", hex)(errno)),
        }
    }

    /// Returns the directory of the committed layers.
    pub fn committed(&self) -> BorrowedFd<'_> {
        self.committed.as_fd()
    }

    /// Creates an empty directory for unpacking.
    pub fn stage(&self) -> Result<Staging<'_>, StoreError> {
        loop {
            let name = unique_name();
            match mkdirat(&self.staging, &name, Mode::from_raw_mode(0o755)) {
                Ok(()) => {}
                Err(Errno::EXIST) => continue,
                Err(errno) => return Err(StoreError::during("creating", &name)(errno)),
            }
            let root = openat(&self.staging, &name, DIRECTORY, Mode::empty())
                .map_err(StoreError::during("opening", &name))?;
            set_defaults(root.as_fd()).map_err(StoreError::during("preparing", &name))?;
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
        Err(errno) => return Err(StoreError::during("creating", name)(errno)),
    }
    openat(parent, name, DIRECTORY, Mode::empty()).map_err(StoreError::during("opening", name))
}

/// Returns a name that no other worker uses.
pub fn unique_name() -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos());
    format!("{now:x}-{:x}", std::process::id())
}

/// A tree that is deleted when it is dropped, unless it is committed.
pub struct Staging<'l> {
    layers: &'l LayerStore,
    name: String,
    root: OwnedFd,
    committed: bool,
}

impl Staging<'_> {
    pub fn root(&self) -> &OwnedFd {
        &self.root
    }

    /// Syncs the tree and renames it to the layer with this digest. If another worker has committed that layer, the
    /// other worker's tree stays and this tree is deleted.
    pub fn commit(mut self, hex: &str) -> Result<(), StoreError> {
        let layers = self.layers;
        // One call syncs all files, and no other call reports a lost write of any of them.
        syncfs(&self.root).map_err(StoreError::during("syncing", &self.name))?;
        match renameat_with(
            &layers.staging,
            &self.name,
            &layers.committed,
            hex,
            RenameFlags::NOREPLACE,
        ) {
            Ok(()) => self.committed = true,
            Err(Errno::EXIST) => return Ok(()),
            Err(errno) => return Err(StoreError::during("committing layer", hex)(errno)),
        }
        fsync(&layers.committed).map_err(StoreError::during("syncing the directory of layer", hex))
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        if !self.committed {
            // The caller reports the reason. The daemon deletes leftovers when it starts.
            let _ = remove_tree(self.layers.staging.as_fd(), self.name.as_bytes());
        }
    }
}
