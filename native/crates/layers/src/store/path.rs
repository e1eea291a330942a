//! Paths below the store's root.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use walk::resolve::directory_beneath;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{0:?} is not a relative path below the store")]
    Path(String),
    #[error("{action} {path} in the store")]
    System {
        action: &'static str,
        path: String,
        #[source]
        errno: Errno,
    },
}

impl StoreError {
    /// Converts an error of the kernel to the error of an action.
    pub fn during(action: &'static str, path: &str) -> impl FnOnce(Errno) -> Self {
        move |errno| Self::System {
            action,
            path: path.to_owned(),
            errno,
        }
    }
}

/// Opens the directory that contains the last part of `path`. Also returns that part. Returns `None` if there is no
/// such directory. Symbolic links are not followed.
pub fn open_parent<'p>(
    store: BorrowedFd<'_>,
    path: &'p str,
) -> Result<Option<(OwnedFd, &'p str)>, StoreError> {
    let is_valid = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    if !path.split('/').all(is_valid) {
        return Err(StoreError::Path(path.to_owned()));
    }
    let (parent, name) = path.rsplit_once('/').unwrap_or((".", path));
    match directory_beneath(store, parent) {
        Ok(directory) => Ok(Some((directory, name))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(StoreError::during("opening", parent)(errno)),
    }
}

/// Opens a directory of the store for reading. Symbolic links are not followed.
pub fn open_directory(store: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, StoreError> {
    let missing = || StoreError::during("opening", path)(Errno::NOENT);
    let (parent, name) = open_parent(store, path)?.ok_or_else(missing)?;
    directory_beneath(parent.as_fd(), name).map_err(StoreError::during("opening", path))
}
