//! The exit record of a container on disk.

use std::fs::File;
use std::io::Write;
use std::os::fd::BorrowedFd;

use protocol::monitor::Exited;
use rustix::fs::{AtFlags, Mode, OFlags, fsync, openat, renameat, unlinkat};
use rustix::io::Errno;

const NAME: &str = "exit.json";
const TEMPORARY: &str = "exit.json~";

/// Removes the record of an earlier run.
pub fn remove(container: BorrowedFd<'_>) -> Result<(), Errno> {
    match unlinkat(container, NAME, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes the record atomically. The returned file can be synced later.
pub fn write(container: BorrowedFd<'_>, exited: &Exited) -> std::io::Result<File> {
    let text = serde_json::to_vec(exited)?;
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file = File::from(openat(
        container,
        TEMPORARY,
        flags,
        Mode::from_raw_mode(0o600),
    )?);
    file.write_all(&text)?;
    renameat(container, TEMPORARY, container, NAME)?;
    Ok(file)
}

/// Syncs the record to disk, so that it survives a power failure.
pub fn sync(container: BorrowedFd<'_>, file: &File) -> Result<(), Errno> {
    fsync(file)?;
    fsync(container)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::{AsFd, OwnedFd};

    fn directory(name: &str) -> (std::path::PathBuf, OwnedFd) {
        let path = std::env::temp_dir().join(format!("tbox-exit-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let descriptor = OwnedFd::from(File::open(&path).unwrap());
        (path, descriptor)
    }

    #[test]
    fn a_record_replaces_an_older_one_as_a_whole() {
        let (path, directory) = directory("record");
        std::fs::write(path.join(NAME), "old").unwrap();
        std::fs::write(
            path.join(TEMPORARY),
            "left by a crash, and longer than the new text".repeat(9),
        )
        .unwrap();
        let exited = Exited {
            pid: 7,
            code: 137,
            signal: Some(9),
            oom_killed: false,
            started_at: "a".to_owned(),
            finished_at: "b".to_owned(),
        };
        let file = write(directory.as_fd(), &exited).unwrap();
        sync(directory.as_fd(), &file).unwrap();
        let text = std::fs::read(path.join(NAME)).unwrap();
        assert_eq!(serde_json::from_slice::<Exited>(&text).unwrap(), exited);
        assert!(!path.join(TEMPORARY).exists());
        remove(directory.as_fd()).unwrap();
        remove(directory.as_fd()).unwrap();
        std::fs::remove_dir_all(path).unwrap();
    }
}
