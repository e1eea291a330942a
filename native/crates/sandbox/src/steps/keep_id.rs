//! The program's user as the caller: a user namespace of the container's own, in which that user and the
//! root of the namespace above, who is the caller, have changed places.

use std::os::fd::BorrowedFd;

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use sys::clone::Namespaces;

use crate::accounts::Account;
use crate::failure::{explained, system};
use crate::host::Host;
use crate::report::{self, Report};

/// Enters such a namespace. Every mount must have been made: they belong to the namespace above.
pub fn enter(channel: BorrowedFd<'_>, account: &Account) -> Result<(), Failure> {
    if account.uid == 0 {
        return Ok(());
    }
    sys::user_namespace::enter_child().map_err(refused)?;
    // The maps of a process that is not dumpable are root's of the host, whom nobody here can replace.
    protect(DumpableBehavior::Dumpable)?;
    let (uid, gid) = (account.uid, account.gid);
    report::send(channel, &Report::UserNamespace { uid, gid }, &[])?;
    report::wait(channel)?;
    protect(DumpableBehavior::NotDumpable)
}

/// Maps the ids of a process that has entered one, and lets it go on. Called as root of the namespace above.
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
    report::let_go_on(channel);
    Ok(())
}

/// Joins the one of a container that runs. There is none where the container's own user is root.
pub fn join(container: BorrowedFd<'_>) -> Result<(), Failure> {
    match sys::namespaces::join(container, Namespaces::USER) {
        // The kernel's answer to a process that is there already.
        Err(Errno::INVAL) => Ok(()),
        joined => joined.map_err(|errno| system("container", "user namespace", errno)),
    }
}

fn protect(behavior: DumpableBehavior) -> Result<(), Failure> {
    set_dumpable_behavior(behavior).map_err(|errno| system("user-namespace", "dumpable", errno))
}

fn refused(errno: Errno) -> Failure {
    let mut failure = system("user-namespace", "keep-id", errno);
    if errno == Errno::NOSPC {
        failure.message.push_str(
            ": too many user namespaces: raise user.max_user_namespaces with sysctl, or stop containers",
        );
    }
    failure
}
