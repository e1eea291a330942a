//! Exclusive file locks, held until the descriptor is closed.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("open lock file {name}: {source}")]
    Open { name: String, source: Errno },
    #[error("lock {name}: {source}")]
    Lock { name: String, source: Errno },
}

/// Locks a file in the directory, which is created if it does not exist. Returns nothing if the lock is
/// held already. The lock belongs to the open file: a fork that keeps the descriptor keeps the lock.
pub fn try_exclusive(directory: BorrowedFd<'_>, name: &str) -> Result<Option<OwnedFd>, Error> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = openat(directory, name, flags, Mode::from_raw_mode(0o600)).map_err(|source| {
        Error::Open {
            name: name.to_owned(),
            source,
        }
    })?;
    lock(file, name)
}

/// Locks a directory like `try_exclusive`. The lock holds even if files of the directory are removed.
pub fn try_exclusive_directory(directory: BorrowedFd<'_>) -> Result<Option<OwnedFd>, Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = openat(directory, ".", flags, Mode::empty()).map_err(|source| Error::Open {
        name: ".".to_owned(),
        source,
    })?;
    lock(opened, ".")
}

fn lock(file: OwnedFd, name: &str) -> Result<Option<OwnedFd>, Error> {
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(source) => Err(Error::Lock {
            name: name.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn a_held_lock_is_free_again_once_its_descriptor_is_closed() {
        let path = std::env::temp_dir().join(format!("tbox-lock-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let directory = OwnedFd::from(std::fs::File::open(&path).unwrap());
        let first = try_exclusive(directory.as_fd(), "a.lock").unwrap();
        assert!(first.is_some());
        assert!(
            try_exclusive(directory.as_fd(), "a.lock")
                .unwrap()
                .is_none()
        );
        drop(first);
        assert!(
            try_exclusive(directory.as_fd(), "a.lock")
                .unwrap()
                .is_some()
        );
        std::fs::remove_dir_all(&path).unwrap();
    }
}
