//! Directories and files of cgroup v2, below a directory given by the caller.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2, unlinkat};
use rustix::io::Errno;

/// Longest file that is read, in bytes. The kernel's files are much shorter.
const READ_LIMIT: usize = 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0:?} is not a valid name of a cgroup or cgroup file")]
    Name(String),
    #[error("{action} {path}: {source}")]
    File {
        action: &'static str,
        path: PathBuf,
        source: Errno,
    },
}

/// Returns the names of a cgroup's children.
pub fn children(directory: &Path) -> Result<Vec<String>, Error> {
    let explain = |error: std::io::Error| Error::File {
        action: "list",
        path: directory.to_owned(),
        source: Errno::from_io_error(&error).unwrap_or(Errno::IO),
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(explain)? {
        let entry = entry.map_err(explain)?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// Creates a child. Fails with EEXIST if it exists.
pub fn create(parent: &Path, child: &str) -> Result<(), Error> {
    let directory = open_directory(parent)?;
    let mode = Mode::from_raw_mode(0o755);
    mkdirat(&directory, valid(child)?, mode).map_err(failed("create", parent, child))
}

/// Removes a child that has no children and no processes. A missing one is no error.
pub fn remove(parent: &Path, child: &str) -> Result<(), Error> {
    let directory = open_directory(parent)?;
    match unlinkat(&directory, valid(child)?, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(source) => Err(failed("remove", parent, child)(source)),
    }
}

/// Opens a child, for a process to be cloned into it.
pub fn open(parent: &Path, child: &str) -> Result<OwnedFd, Error> {
    let directory = open_directory(parent)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    openat(&directory, valid(child)?, flags, Mode::empty()).map_err(failed("open", parent, child))
}

/// Reads a whole file.
pub fn read(directory: &Path, file: &str) -> Result<String, Error> {
    let opened = open_file(directory, file, OFlags::RDONLY, "open")?;
    let mut bytes = Vec::with_capacity(4096);
    loop {
        let spare = rustix::buffer::spare_capacity(&mut bytes);
        match rustix::io::read(&opened, spare) {
            Ok(0) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(_) if bytes.len() > READ_LIMIT => {
                return Err(failed("read", directory, file)(Errno::FBIG));
            }
            Ok(_) => bytes.reserve(4096),
            Err(Errno::INTR) => {}
            Err(source) => return Err(failed("read", directory, file)(source)),
        }
    }
}

/// Writes a file in one call, as the kernel requires.
pub fn write(directory: &Path, file: &str, text: &str) -> Result<(), Error> {
    let opened = open_file(directory, file, OFlags::WRONLY, "write")?;
    let written = rustix::io::write(&opened, text.as_bytes());
    match written.map_err(failed("write", directory, file))? {
        count if count == text.len() => Ok(()),
        _ => Err(failed("write", directory, file)(Errno::IO)),
    }
}

fn valid(name: &str) -> Result<&str, Error> {
    match name {
        "" | "." | ".." => Err(Error::Name(name.to_owned())),
        _ if name.contains(['/', '\0', '\n']) || name.len() > 255 => {
            Err(Error::Name(name.to_owned()))
        }
        _ => Ok(name),
    }
}

fn open_directory(path: &Path) -> Result<OwnedFd, Error> {
    crate::descriptor::open_directory(path).map_err(|source| Error::File {
        action: "open",
        path: path.to_owned(),
        source,
    })
}

/// Refuses symbolic links and paths outside of the directory.
fn open_file(
    directory: &Path,
    file: &str,
    flags: OFlags,
    action: &'static str,
) -> Result<OwnedFd, Error> {
    openat2(
        open_directory(directory)?,
        valid(file)?,
        flags | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
    )
    .map_err(failed(action, directory, file))
}

fn failed<'a>(
    action: &'static str,
    directory: &'a Path,
    name: &'a str,
) -> impl Fn(Errno) -> Error + 'a {
    move |source| Error::File {
        action,
        path: directory.join(name),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("tbox-cgroup-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn children_are_created_and_removed_and_files_written_and_read() {
        let root = temporary("files");
        create(&root, "child").unwrap();
        assert!(matches!(
            create(&root, "child"),
            Err(Error::File {
                source: Errno::EXIST,
                ..
            })
        ));
        open(&root, "child").unwrap();
        std::fs::write(root.join("pids.max"), "").unwrap();
        write(&root, "pids.max", "100").unwrap();
        assert_eq!(read(&root, "pids.max").unwrap(), "100");
        remove(&root, "child").unwrap();
        remove(&root, "child").unwrap();
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_file_is_never_created_and_links_are_not_followed() {
        let root = temporary("links");
        assert!(write(&root, "no.such", "1").is_err());
        assert!(!root.join("no.such").exists());
        std::fs::write(root.join("real"), "kept").unwrap();
        std::os::unix::fs::symlink("real", root.join("link")).unwrap();
        assert!(write(&root, "link", "1").is_err());
        assert_eq!(std::fs::read_to_string(root.join("real")).unwrap(), "kept");
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn names_that_leave_the_directory_are_refused() {
        let root = temporary("names");
        for name in ["", ".", "..", "a/b", "../a", "a\nb"] {
            assert!(
                matches!(create(&root, name), Err(Error::Name(_))),
                "{name:?}"
            );
            assert!(
                matches!(remove(&root, name), Err(Error::Name(_))),
                "{name:?}"
            );
            assert!(matches!(open(&root, name), Err(Error::Name(_))), "{name:?}");
            assert!(matches!(read(&root, name), Err(Error::Name(_))), "{name:?}");
            assert!(
                matches!(write(&root, name, ""), Err(Error::Name(_))),
                "{name:?}"
            );
        }
        std::fs::remove_dir_all(root).unwrap();
    }
}
