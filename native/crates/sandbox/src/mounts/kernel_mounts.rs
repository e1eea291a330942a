//! Mount points in the kernel's own file systems, which programs trust.

use std::os::fd::BorrowedFd;

use rustix::fs::fstatfs;
use rustix::io::Errno;

const PROC: u64 = 0x9fa0;

/// Types of the file systems of /sys: sysfs, cgroup v1 and v2, debugfs, tracefs, securityfs, bpf, configfs, efivarfs,
/// pstore, and the control file system of FUSE.
const SYS: [u64; 11] = [
    0x6265_6572,
    0x0027_e0eb,
    0x6367_7270,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0xcafe_4a11,
    0x6265_6570,
    0xde5e_81e4,
    0x6165_676c,
    0x6573_5543,
];

/// Files of /proc that Docker lets a mount cover. LXCFS shows the container's own values there.
const PROC_FILES: [&str; 11] = [
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/net/dev",
    "/proc/slabinfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/sys/crypto/fips_enabled",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/uptime",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileSystem {
    Proc,
    Sys,
    Other,
}

/// Returns the kernel's directory whose content the mount would replace, or nothing if the mount is allowed. Only the
/// host's view of a directory may cover the container's view. `source` and `path` are the request's source and mount
/// point.
pub fn refused_directory(
    mount: BorrowedFd<'_>,
    source: &str,
    mount_point: BorrowedFd<'_>,
    path: &str,
) -> Result<Option<&'static str>, Errno> {
    let covered = file_system(mount_point)?;
    let directory = match covered {
        FileSystem::Proc if PROC_FILES.contains(&path) => return Ok(None),
        // As in Docker, not even the host's view covers a part of /proc: it would undo masked and read-only paths.
        FileSystem::Proc if path != "/proc" => return Ok(Some("/proc")),
        FileSystem::Proc => "/proc",
        FileSystem::Sys => "/sys",
        FileSystem::Other => return Ok(None),
    };
    // With cgroup v1 the host's /sys/fs/cgroup is a tmpfs, so the path decides as well.
    let is_hosts_view = file_system(mount)? == covered || containing(source) == Some(directory);
    Ok((!is_hosts_view).then_some(directory))
}

/// Returns whether [`refused_directory`] may allow the mount to cover a part of /proc or /sys, besides the files that LXCFS
/// shows.
pub fn may_cover(mount: BorrowedFd<'_>, source: &str) -> Result<bool, Errno> {
    Ok(file_system(mount)? != FileSystem::Other || containing(source).is_some())
}

/// Returns the directory of the kernel that contains the path, as text.
pub fn containing(path: &str) -> Option<&'static str> {
    ["/proc", "/sys"].into_iter().find(|directory| {
        path.strip_prefix(directory)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn file_system(file: BorrowedFd<'_>) -> Result<FileSystem, Errno> {
    let kind = fstatfs(file)?.f_type.cast_unsigned();
    Ok(match kind {
        PROC => FileSystem::Proc,
        kind if SYS.contains(&kind) => FileSystem::Sys,
        _ => FileSystem::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::AsFd;

    fn refused(mount: &str, mount_point: &str, path: &str) -> Option<&'static str> {
        let open = |path| File::open(path).unwrap();
        let (file, covered) = (open(mount), open(mount_point));
        refused_directory(file.as_fd(), mount, covered.as_fd(), path).unwrap()
    }

    #[test]
    fn only_the_hosts_view_covers_proc_and_sys() {
        assert_eq!(refused("/tmp", "/proc", "/proc"), Some("/proc"));
        assert_eq!(refused("/sys", "/proc", "/proc"), Some("/proc"));
        assert_eq!(refused("/proc", "/proc", "/proc"), None);
        assert_eq!(refused("/tmp", "/proc/self", "/proc/self"), Some("/proc"));
        assert_eq!(
            refused("/proc/sys", "/proc/sys", "/proc/sys"),
            Some("/proc")
        );
        assert_eq!(refused("/tmp", "/sys/kernel", "/sys/kernel"), Some("/sys"));
        assert_eq!(refused("/sys", "/sys/kernel", "/sys/kernel"), None);
        assert_eq!(refused("/tmp", "/proc/cpuinfo", "/proc/cpuinfo"), None);
        assert_eq!(refused("/tmp", "/tmp", "/tmp"), None);
    }

    #[test]
    fn a_path_is_in_a_directory_by_whole_parts() {
        assert_eq!(containing("/proc"), Some("/proc"));
        assert_eq!(containing("/sys/kernel/x"), Some("/sys"));
        assert_eq!(containing("/process"), None);
    }
}
