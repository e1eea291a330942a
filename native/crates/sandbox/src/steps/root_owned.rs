//! The image's files whose owner must be root. In a keep-id namespace, files of root belong to the mapped user. The files
//! here get the id that is root there, so that programs such as `sudo` become root.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::launch::Process;
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Stat, Uid, fchmod, fchown, fstat, openat, statat,
};
use rustix::io::Errno;
use walk::{DIRECTORY, read_batch, resolve};

use crate::failure::system;
use crate::steps::keep_id::MappedIds;

/// Directories of set-user-ID programs, besides those of PATH.
const PROGRAMS: [&str; 13] = [
    "bin",
    "sbin",
    "usr/bin",
    "usr/sbin",
    "usr/local/bin",
    "usr/local/sbin",
    "usr/lib/openssh",
    "usr/lib/dbus-1.0",
    "usr/lib/polkit-1",
    "usr/libexec",
    "usr/libexec/dbus-1",
    "usr/libexec/openssh",
    "usr/libexec/polkit-1",
];

/// Files, and directories with their files, whose owner `sudo`, `doas`, `sshd` and `cron` check.
const CHECKED: [&str; 13] = [
    "etc/sudoers",
    "etc/sudoers.d",
    "etc/sudo.conf",
    "etc/doas.conf",
    "etc/crontab",
    "etc/cron.d",
    "usr/lib/sudo",
    "usr/libexec/sudo",
    "usr/local/libexec/sudo",
    "run/sudo",
    "run/sshd",
    "var/empty",
    "var/lib/sudo",
];

/// Flags that open a file without waiting for the writer of a FIFO.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Bit of the mode with which a program runs as its owner.
const SET_USER_ID: u32 = 0o4000;

/// Changes the owners of the files when a container with a layer of its own starts for the first time. Mounts keep their
/// owners. Nothing changes if the ids are not mapped, because the namespace has no root then.
pub fn keep(root: BorrowedFd<'_>, process: &Process, ids: MappedIds) -> Result<(), Failure> {
    let keep_id = process.keep_id.as_ref();
    if !keep_id.is_some_and(|keep_id| keep_id.first_start) {
        return Ok(());
    }
    let programs = program_directories(&process.env)
        .into_iter()
        .map(|path| (path, false));
    let checked = CHECKED.into_iter().map(|path| (path, true));
    for (path, all) in programs.chain(checked) {
        let taken = match all {
            true => take_checked(root, path, ids),
            false => take_programs(root, path, ids),
        };
        match taken {
            Ok(()) => {}
            Err(Errno::INVAL) => return Ok(()),
            Err(errno) => {
                let subject = format!("owner of a file of root in /{path}");
                return Err(system("keep-id", &subject, errno));
            }
        }
    }
    Ok(())
}

/// Returns the directories of programs, relative to the root.
fn program_directories(environment: &[String]) -> Vec<&str> {
    let path = environment
        .iter()
        .find_map(|entry| entry.strip_prefix("PATH="));
    let mut directories = PROGRAMS.to_vec();
    for directory in path.unwrap_or_default().split(':') {
        let directory = directory.trim_matches('/');
        if !directory.is_empty() && !directories.contains(&directory) {
            directories.push(directory);
        }
    }
    directories
}

/// Changes the owner of the set-user-ID programs in a directory.
fn take_programs(root: BorrowedFd<'_>, path: &str, ids: MappedIds) -> Result<(), Errno> {
    take_entries(root, path, ids, |status| {
        FileType::from_raw_mode(status.st_mode).is_file() && status.st_mode & SET_USER_ID != 0
    })
}

/// Changes the owner of a file, or of a directory and its entries.
fn take_checked(root: BorrowedFd<'_>, path: &str, ids: MappedIds) -> Result<(), Errno> {
    if let Some(file) = open(root, path, FILE)? {
        take(file.as_fd(), ids)?;
    }
    take_entries(root, path, ids, |_| true)
}

/// Changes the owner of chosen files and directories in a directory, if it exists.
fn take_entries(
    root: BorrowedFd<'_>,
    path: &str,
    ids: MappedIds,
    chosen: impl Fn(&Stat) -> bool,
) -> Result<(), Errno> {
    let Some(directory) = open(root, path, DIRECTORY)? else {
        return Ok(());
    };
    loop {
        let batch = read_batch(directory.as_fd())?;
        if batch.is_empty() {
            return Ok(());
        }
        // Links are skipped first, because reading a status searches all layers.
        for (name, _) in batch.iter().filter(|(_, kind)| !kind.is_symlink()) {
            let status = statat(directory.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)?;
            let kind = FileType::from_raw_mode(status.st_mode);
            if (kind.is_file() || kind.is_dir()) && status.st_uid == 0 && chosen(&status) {
                take(openat(&directory, name, FILE, Mode::empty())?.as_fd(), ids)?;
            }
        }
    }
}

/// Changes the owner of a file that belongs to root to the ids.
fn take(file: BorrowedFd<'_>, ids: MappedIds) -> Result<(), Errno> {
    let status = fstat(file)?;
    if status.st_uid != 0 {
        return Ok(());
    }
    let group = (status.st_gid == 0).then_some(Gid::from_raw(ids.gid));
    fchown(file, Some(Uid::from_raw(ids.uid)), group)?;
    // The change of the owner has removed the set-user-ID bit.
    fchmod(file, Mode::from_raw_mode(status.st_mode & 0o7777))
}

/// Opens a file of the container's own layer. Returns nothing if it is missing, is not of the kind that the flags name, is
/// reached through a link, or is on a mount.
fn open(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<Option<OwnedFd>, Errno> {
    match resolve::on_mount_of_root(root, path, flags) {
        Ok(file) => Ok(Some(file)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV) => Ok(None),
        Err(errno) => Err(errno),
    }
}
