//! Files of cgroup v2 directories, below a directory given by the caller.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    Access, AtFlags, CWD, Mode, OFlags, ResolveFlags, accessat, mkdirat, openat, openat2, unlinkat,
};
use rustix::io::Errno;

/// Longest file read, in bytes; no file of the kernel's comes near.
const READ_LIMIT: usize = 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0:?} is not the name of a cgroup or of one of its files")]
    Name(String),
    #[error("{action} {path}: {source}")]
    File {
        action: &'static str,
        path: PathBuf,
        source: Errno,
    },
}

/// The cgroup v2 directory of a process, where one is mounted. `proc` is where the proc file system is.
pub fn directory_of(proc: &Path, process: u32) -> Result<Option<PathBuf>, Error> {
    let membership = read_whole(&proc.join(process.to_string()).join("cgroup"))?;
    let mounts = read_whole(&proc.join("self/mountinfo"))?;
    Ok(locate(&membership, &mounts))
}

/// Whether the calling process may create children in a directory and move processes there.
pub fn is_delegated(directory: &Path) -> bool {
    ["", "cgroup.procs", "cgroup.subtree_control"]
        .iter()
        .all(|name| writable(&directory.join(name)))
}

/// A new child with these texts in its files, ready to clone a process into. Nothing of it is left when
/// a file cannot be written.
pub fn prepare(
    parent: &Path,
    child: &str,
    settings: &[(String, String)],
) -> Result<OwnedFd, Error> {
    create(parent, child)?;
    let prepared = open(parent, child).and_then(|directory| {
        for (file, text) in settings {
            write_in(directory.as_fd(), valid(file)?, text)
                .map_err(|source| failed("write", &parent.join(child), file)(source))?;
        }
        Ok(directory)
    });
    if prepared.is_err() {
        let _ = remove(parent, child);
    }
    prepared
}

/// Removes a child with all of its own. One that is not there is no error.
pub fn remove_tree(parent: &Path, child: &str) -> Result<(), Error> {
    match remove(parent, child) {
        Err(Error::File {
            source: Errno::BUSY | Errno::NOTEMPTY,
            ..
        }) => {}
        done => return done,
    }
    let path = parent.join(valid(child)?);
    for name in children(&path)? {
        remove_tree(&path, &name)?;
    }
    remove(parent, child)
}

/// The names of the directories in a directory.
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

/// Creates a child. One that is there already is EEXIST.
pub fn create(parent: &Path, child: &str) -> Result<(), Error> {
    let directory = open_directory(parent)?;
    let mode = Mode::from_raw_mode(0o755);
    mkdirat(&directory, valid(child)?, mode).map_err(failed("create", parent, child))
}

/// Removes a child without children and processes. One that is not there is no error.
pub fn remove(parent: &Path, child: &str) -> Result<(), Error> {
    let directory = open_directory(parent)?;
    match unlinkat(&directory, valid(child)?, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(source) => Err(failed("remove", parent, child)(source)),
    }
}

/// A descriptor of a child to clone a process into.
pub fn open(parent: &Path, child: &str) -> Result<OwnedFd, Error> {
    let directory = open_directory(parent)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    openat(&directory, valid(child)?, flags, Mode::empty()).map_err(failed("open", parent, child))
}

/// The whole text of a file.
pub fn read(directory: &Path, file: &str) -> Result<String, Error> {
    let opened = open_file(directory, file, OFlags::RDONLY)?;
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

/// Writes a file in one call, as the kernel wants it.
pub fn write(directory: &Path, file: &str, text: &str) -> Result<(), Error> {
    valid(file)?;
    let opened = open_directory(directory)?;
    write_in(opened.as_fd(), file, text).map_err(failed("write", directory, file))
}

fn write_in(directory: BorrowedFd<'_>, file: &str, text: &str) -> Result<(), Errno> {
    let opened = open_below(directory, file, OFlags::WRONLY)?;
    match rustix::io::write(&opened, text.as_bytes())? {
        written if written == text.len() => Ok(()),
        _ => Err(Errno::IO),
    }
}

/// Finds the directory in the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
fn locate(membership: &str, mounts: &str) -> Option<PathBuf> {
    let own = membership
        .lines()
        .find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        if kind.split(' ').next()? != "cgroup2" {
            return None;
        }
        let mut fields = mount.split(' ').skip(3);
        let root = unescape(fields.next()?);
        let target = unescape(fields.next()?);
        // A bind mount may show only a part of the tree; outside of it the path says nothing.
        let below = Path::new(own).strip_prefix(root).ok()?;
        let escapes = below.components().any(|part| part.as_os_str() == "..");
        // Joining an empty path would leave a slash at the end.
        let path = Path::new(&target);
        match below.as_os_str().is_empty() {
            true => Some(path.to_owned()),
            false => (!escapes).then(|| path.join(below)),
        }
    })
}

/// Undoes the kernel's escapes of space, tab, newline and backslash.
fn unescape(field: &str) -> String {
    let mut text = field.to_owned();
    for (code, character) in [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ] {
        text = text.replace(code, character);
    }
    text
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

fn open_file(directory: &Path, file: &str, flags: OFlags) -> Result<OwnedFd, Error> {
    let parent = open_directory(directory)?;
    open_below(parent.as_fd(), valid(file)?, flags).map_err(failed("open", directory, file))
}

/// Refuses links and what lies elsewhere.
fn open_below(directory: BorrowedFd<'_>, file: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    openat2(
        directory,
        file,
        flags | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
    )
}

fn read_whole(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error::File {
        action: "read",
        path: path.to_owned(),
        source: Errno::from_io_error(&error).unwrap_or(Errno::IO),
    })
}

fn writable(path: &Path) -> bool {
    accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
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

    const MOUNTS: &str = "\
24 30 0:22 / /proc rw,nosuid - proc proc rw
31 24 0:27 / /sys/fs/cgroup/a\\040b ro shared:9 - cgroup2 cgroup2 rw,nsdelegate
32 24 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
";

    fn temporary(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("tbox-cgroup-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn the_own_directory_is_found_below_the_mount() {
        let own = "9:memory:/x\n0::/user.slice/a.scope\n";
        let expected = PathBuf::from("/sys/fs/cgroup/a b/user.slice/a.scope");
        assert_eq!(locate(own, MOUNTS), Some(expected));
        let part = MOUNTS.replace("0:27 / ", "0:27 /user.slice ");
        let expected = PathBuf::from("/sys/fs/cgroup/a b/a.scope");
        assert_eq!(locate(own, &part), Some(expected));
    }

    #[test]
    fn nothing_is_found_without_version_2_or_outside_of_what_is_mounted() {
        assert_eq!(locate("9:memory:/x\n", MOUNTS), None);
        assert_eq!(
            locate("0::/a\n", "24 30 0:22 / /proc rw - proc proc rw\n"),
            None
        );
        let part = MOUNTS.replace("0:27 / ", "0:27 /other ");
        assert_eq!(locate("0::/a\n", &part), None);
        assert_eq!(locate("0::/../a\n", MOUNTS), None);
    }

    #[test]
    fn only_a_directory_with_files_to_write_is_delegated() {
        let proc = temporary("delegated");
        let root = proc.join("root");
        std::fs::create_dir_all(proc.join("self")).unwrap();
        std::fs::create_dir_all(proc.join("7")).unwrap();
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(proc.join("7/cgroup"), "0::/\n").unwrap();
        let mount = format!("31 24 0:27 / {} rw - cgroup2 cgroup2 rw\n", root.display());
        std::fs::write(proc.join("self/mountinfo"), mount).unwrap();
        assert_eq!(directory_of(&proc, 7).unwrap(), Some(root.clone()));
        assert!(directory_of(&proc, 8).is_err());
        std::fs::write(root.join("cgroup.procs"), "").unwrap();
        assert!(!is_delegated(&root));
        std::fs::write(root.join("cgroup.subtree_control"), "").unwrap();
        assert!(is_delegated(&root));
        std::fs::remove_dir_all(proc).unwrap();
    }

    #[test]
    fn nothing_is_left_of_a_child_whose_files_cannot_be_written() {
        let root = temporary("prepare");
        let setting = ("pids.max".to_owned(), "5".to_owned());
        // In a plain directory the file is missing, as that of an unusable controller is.
        assert!(matches!(
            prepare(&root, "child", std::slice::from_ref(&setting)),
            Err(Error::File {
                source: Errno::NOENT,
                ..
            })
        ));
        assert!(!root.join("child").exists());
        prepare(&root, "child", &[]).unwrap();
        assert!(prepare(&root, "child", &[]).is_err());
        assert!(root.join("child").exists());
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_tree_is_removed_from_its_leaves_up() {
        let root = temporary("tree");
        std::fs::create_dir_all(root.join("a/b/c")).unwrap();
        std::fs::create_dir_all(root.join("a/d")).unwrap();
        let mut names = children(&root.join("a")).unwrap();
        names.sort();
        assert_eq!(names, ["b", "d"]);
        remove_tree(&root, "a").unwrap();
        remove_tree(&root, "a").unwrap();
        assert!(!root.join("a").exists());
        std::fs::remove_dir_all(root).unwrap();
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
    fn a_file_is_never_created_nor_reached_through_a_link() {
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
