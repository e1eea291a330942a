//! Locates a process in the cgroup v2 hierarchy.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use sys::cgroup::Error;

/// Returns the cgroup directory of a process, or nothing where no hierarchy is mounted. `proc` is the
/// mount point of procfs.
pub fn of_process(proc: &Path, process: u32) -> Result<Option<PathBuf>, Error> {
    let membership = read(&proc.join(process.to_string()).join("cgroup"))?;
    let mounts = read(&proc.join("self/mountinfo"))?;
    Ok(locate(&membership, &mounts))
}

/// Returns whether the calling process may create children of a cgroup and move processes into them.
pub fn is_delegated(directory: &Path) -> bool {
    ["", "cgroup.procs", "cgroup.subtree_control"]
        .iter()
        .all(|name| is_writable(&directory.join(name)))
}

/// Finds the directory in the texts of `/proc/<pid>/cgroup` and `/proc/self/mountinfo`.
fn locate(membership: &str, mounts: &str) -> Option<PathBuf> {
    let cgroup = membership
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
        // A bind mount may show only a part of the hierarchy. A cgroup outside that part has no directory.
        let below = Path::new(cgroup).strip_prefix(root).ok()?;
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

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error::File {
        action: "read",
        path: path.to_owned(),
        source: Errno::from_io_error(&error).unwrap_or(Errno::IO),
    })
}

fn is_writable(path: &Path) -> bool {
    accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
24 30 0:22 / /proc rw,nosuid - proc proc rw
31 24 0:27 / /sys/fs/cgroup/a\\040b ro shared:9 - cgroup2 cgroup2 rw,nsdelegate
32 24 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
";

    #[test]
    fn the_directory_of_a_process_is_below_the_mount_point() {
        let membership = "9:memory:/x\n0::/user.slice/a.scope\n";
        let expected = PathBuf::from("/sys/fs/cgroup/a b/user.slice/a.scope");
        assert_eq!(locate(membership, MOUNTS), Some(expected));
        let part = MOUNTS.replace("0:27 / ", "0:27 /user.slice ");
        let expected = PathBuf::from("/sys/fs/cgroup/a b/a.scope");
        assert_eq!(locate(membership, &part), Some(expected));
    }

    #[test]
    fn without_version_2_or_outside_of_the_mounted_part_there_is_no_directory() {
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
    fn a_cgroup_is_delegated_if_its_files_are_writable() {
        let proc = std::env::temp_dir().join(format!("tbox-delegated-{}", std::process::id()));
        let root = proc.join("root");
        std::fs::create_dir_all(proc.join("self")).unwrap();
        std::fs::create_dir_all(proc.join("7")).unwrap();
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(proc.join("7/cgroup"), "0::/\n").unwrap();
        let mount = format!("31 24 0:27 / {} rw - cgroup2 cgroup2 rw\n", root.display());
        std::fs::write(proc.join("self/mountinfo"), mount).unwrap();
        assert_eq!(of_process(&proc, 7).unwrap(), Some(root.clone()));
        assert!(of_process(&proc, 8).is_err());
        std::fs::write(root.join("cgroup.procs"), "").unwrap();
        assert!(!is_delegated(&root));
        std::fs::write(root.join("cgroup.subtree_control"), "").unwrap();
        assert!(is_delegated(&root));
        std::fs::remove_dir_all(proc).unwrap();
    }
}
