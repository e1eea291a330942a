//! keep-id: a user namespace for the container in which a user of the container, usually the program's, is mapped to
//! the caller, who is root in the parent namespace.

use std::os::fd::BorrowedFd;

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Process;
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use sys::clone::Namespaces;

use crate::failure::{explained, system};
use crate::host::Host;
use crate::report::{self, Report};
use crate::steps::identity;
use crate::users::accounts::Account;

/// A user and a group that are mapped to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MappedIds {
    pub uid: u32,
    pub gid: u32,
}

/// Returns the ids to map for the program of `account`. Root needs no mapping, because it is the caller already.
pub fn find_ids(
    root: BorrowedFd<'_>,
    process: &Process,
    account: &Account,
) -> Result<Option<MappedIds>, Failure> {
    let Some(requested) = &process.keep_id else {
        return Ok(None);
    };
    if let Some(name) = &requested.user {
        let (uid, gid) = identity::find_owner(root, name)?;
        return Ok((uid != 0).then_some(MappedIds { uid, gid }));
    }
    let uid = requested.uid.unwrap_or(account.uid);
    let gid = match requested.gid {
        Some(gid) => gid,
        None if uid == account.uid => account.gid,
        None => identity::primary_group(root, uid)?,
    };
    Ok((uid != 0).then_some(MappedIds { uid, gid }))
}

/// Enters the namespace. Call it after all mounts, which the parent namespace owns.
pub fn enter(channel: BorrowedFd<'_>, MappedIds { uid, gid }: MappedIds) -> Result<(), Failure> {
    sys::user_namespace::enter_child().map_err(refused)?;
    // The host's root owns the map files of a process that is not dumpable, so they could not be written.
    set_dumpable(DumpableBehavior::Dumpable)?;
    report::send(channel, &Report::UserNamespace { uid, gid }, &[])?;
    report::wait(channel)?;
    set_dumpable(DumpableBehavior::NotDumpable)
}

/// Maps the ids of a process that has entered the namespace, and resumes it. Call it as root of the parent
/// namespace.
pub fn map(
    channel: BorrowedFd<'_>,
    host: &Host,
    pid: u32,
    (uid, gid): (u32, u32),
) -> Result<(), Failure> {
    for (name, lines) in [
        ("uid_map", host.uids().swapped(uid)),
        ("gid_map", host.gids().swapped(gid)),
    ] {
        std::fs::write(format!("/proc/{pid}/{name}"), lines).map_err(|error| {
            let message = format!("keep-id: write {name}: {error}");
            explained(FailureKind::System, "user-namespace", message)
        })?;
    }
    report::resume(channel);
    Ok(())
}

/// Joins the namespace of a running container. A container that maps root to the caller has none.
pub fn join(container: BorrowedFd<'_>) -> Result<(), Failure> {
    match sys::namespaces::join(container, Namespaces::USER) {
        // The process is in the namespace already.
        Err(Errno::INVAL) => Ok(()),
        joined => joined.map_err(|errno| system("container", "user namespace", errno)),
    }
}

fn set_dumpable(behavior: DumpableBehavior) -> Result<(), Failure> {
    set_dumpable_behavior(behavior).map_err(|errno| system("user-namespace", "dumpable", errno))
}

fn refused(errno: Errno) -> Failure {
    let mut failure = system("user-namespace", "keep-id", errno);
    if errno == Errno::NOSPC {
        failure.message.push_str(
            ": too many user namespaces: increase the sysctl user.max_user_namespaces or stop containers",
        );
    }
    failure
}
