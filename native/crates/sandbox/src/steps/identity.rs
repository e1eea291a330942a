//! The program's user, read from the container's files after the pivot.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Process;
use rustix::fs::{FileType, Gid, OFlags, Uid, fchown, fstat};
use rustix::io::Errno;
use rustix::process::getgid;
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::failure::{explained, system};
use crate::in_root;
use crate::users::accounts::{self, Account};

/// Size limit of the passwd and group files, in bytes.
const LIMIT: u64 = 10 * 1024 * 1024;

/// Resolves the user of the request.
pub fn find_account(root: BorrowedFd<'_>, process: &Process) -> Result<Account, Failure> {
    let passwd = read(root, "/etc/passwd")?;
    let group = read(root, "/etc/group")?;
    accounts::resolve(&process.user, &process.groups, &passwd, &group)
}

/// Resolves the owner of a `--chown`. A number without a group is the gid too.
pub fn find_owner(root: BorrowedFd<'_>, name: &str) -> Result<(u32, u32), Failure> {
    let passwd = read(root, "/etc/passwd")?;
    let group = read(root, "/etc/group")?;
    let account = accounts::resolve(name, &[], &passwd, &group)?;
    let number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let gid = if number { account.uid } else { account.gid };
    Ok((account.uid, gid))
}

/// Returns the primary group of a user, or the user's number if the container's passwd file does not have the user.
pub fn primary_group(root: BorrowedFd<'_>, uid: u32) -> Result<u32, Failure> {
    let passwd = read(root, "/etc/passwd")?;
    Ok(accounts::primary_group(uid, &passwd).unwrap_or(uid))
}

/// Makes the account the owner of the standard streams, so that the program can open /dev/stdout.
pub fn own_streams(account: &Account) {
    let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
    for stream in [
        rustix::stdio::stdin(),
        rustix::stdio::stdout(),
        rustix::stdio::stderr(),
    ] {
        // Fails for the host's /dev/null as standard input, which every user can open anyway.
        let _ = fchown(stream, Some(uid), Some(gid));
    }
}

/// Changes to the account's ids. The change from root to another user clears the capabilities.
pub fn become_account(process: &Process, account: &Account) -> Result<(), Failure> {
    let gid = Gid::from_raw(account.gid);
    let uid = Uid::from_raw(account.uid);
    let groups: Vec<Gid> = account.groups.iter().copied().map(Gid::from_raw).collect();
    match set_thread_groups(&groups) {
        // In single-id mode the kernel allows no change of groups. Only one group exists there; the groups
        // that the image's group file adds do not.
        Err(Errno::PERM) if account.gid == getgid().as_raw() && process.groups.is_empty() => {}
        Err(Errno::INVAL | Errno::PERM) => {
            return Err(unmapped(process, "group", &format!("{:?}", account.groups)));
        }
        other => other.map_err(|errno| system("user", "groups", errno))?,
    }
    set_thread_res_gid(gid, gid, gid)
        .map_err(|errno| change_refused(process, "gid", account.gid, errno))?;
    set_thread_res_uid(uid, uid, uid)
        .map_err(|errno| change_refused(process, "uid", account.uid, errno))
}

fn change_refused(process: &Process, kind: &str, id: u32, errno: Errno) -> Failure {
    match errno {
        Errno::INVAL => unmapped(process, kind, &id.to_string()),
        _ => system("user", kind, errno),
    }
}

fn unmapped(process: &Process, kind: &str, id: &str) -> Failure {
    let alternative = match process.keep_id.is_some() {
        true => "",
        false => ", or map the container's user to the caller with --userns keep-id",
    };
    let message = format!(
        "{kind} {id} is outside the ids of this user: extend the range in /etc/subuid and /etc/subgid\
         {alternative}"
    );
    explained(FailureKind::UnmappedId, "user", message)
}

/// Reads a file, which is empty if it does not exist. Only a regular file within the limit is accepted.
fn read(root: BorrowedFd<'_>, path: &str) -> Result<String, Failure> {
    let invalid = |reason: &str| {
        explained(
            FailureKind::InvalidImage,
            "user",
            format!("{path} of the image {reason}"),
        )
    };
    // Non-blocking: the image may have a FIFO here.
    let file = match in_root::open(
        root,
        path,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
    ) {
        Ok(file) => file,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(String::new()),
        Err(Errno::LOOP) => return Err(invalid("is a symbolic link that cannot be resolved")),
        Err(errno) => return Err(system("user", path, errno)),
    };
    let status = fstat(file.as_fd()).map_err(|errno| system("user", path, errno))?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(invalid("is not a regular file"));
    }
    if status.st_size as u64 > LIMIT {
        return Err(invalid("is larger than 10 MiB"));
    }
    let mut bytes = Vec::new();
    let read = std::fs::File::from(file)
        .take(LIMIT)
        .read_to_end(&mut bytes);
    read.map_err(|error| explained(FailureKind::System, "user", format!("read {path}: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
