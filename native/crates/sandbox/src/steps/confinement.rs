//! What the program may do: limits, capabilities, system calls.

use protocol::failure::Failure;
use protocol::launch::{Process, Seccomp};
use rustix::fs::Mode;
use rustix::process::getuid;

use crate::accounts::Account;
use crate::capabilities::{self, FILES, Set};
use crate::failure::system;
use crate::rlimits;
use crate::seccomp::Program;
use crate::steps::identity;

/// Gives up everything the program is not to have. Last before it is executed.
pub fn confine(
    process: &Process,
    account: &Account,
    capabilities: Set,
    filter: &Program,
) -> Result<(), Failure> {
    for limit in &process.rlimits {
        rlimits::apply(limit)?;
    }
    rustix::process::umask(Mode::from_raw_mode(process.umask));
    sys::keyring::join_new_session().map_err(|errno| system("keyring", "session", errno))?;
    if process.no_new_privileges {
        rustix::thread::set_no_new_privs(true)
            .map_err(|errno| system("privileges", "no_new_privs", errno))?;
    } else {
        // Only the rights that are about to go allow a filter without no_new_privs.
        install(process, filter)?;
    }
    capabilities::bound(capabilities)?;
    // Only where keep-id has made this user the caller is it there already.
    let kept = getuid().as_raw() == account.uid;
    identity::become_account(process, account)?;
    match account.uid {
        0 => capabilities::apply(capabilities)?,
        _ if kept => capabilities::lend(capabilities & FILES)?,
        _ => capabilities::apply(0)?,
    }
    if process.no_new_privileges {
        install(process, filter)?;
    }
    Ok(())
}

fn install(process: &Process, filter: &Program) -> Result<(), Failure> {
    match process.seccomp {
        Seccomp::Default => {
            sys::seccomp::install(filter).map_err(|errno| system("seccomp", "filter", errno))
        }
        Seccomp::Unconfined => Ok(()),
    }
}
