//! The program's rights: limits, capabilities, system calls.

use protocol::failure::{Failure, FailureKind};
use protocol::launch::Process;
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::process::getuid;

use crate::failure::{explained, system};
use crate::privileges::capabilities::{self, FILES, Set};
use crate::privileges::rlimits;
use crate::privileges::system_calls::SystemCalls;
use crate::steps::identity;
use crate::users::accounts::Account;

/// Gives up all rights that the program does not have, and changes to its user. The last step before the
/// program is executed.
pub fn confine(
    process: &Process,
    account: &Account,
    capabilities: Set,
    calls: &SystemCalls,
) -> Result<(), Failure> {
    for limit in &process.rlimits {
        rlimits::apply(limit)?;
    }
    rustix::process::umask(Mode::from_raw_mode(process.umask));
    join_keyring(calls)?;
    if process.no_new_privileges {
        rustix::thread::set_no_new_privs(true)
            .map_err(|errno| system("privileges", "no_new_privs", errno))?;
    } else {
        // First: without no_new_privs, installing a filter needs rights that are given up below.
        calls.restrict()?;
    }
    capabilities::bound(capabilities)?;
    // The process has the program's user already only if keep-id has mapped that user to the caller, which is root of the
    // parent namespace.
    let keeps_id = getuid().as_raw() == account.uid;
    identity::become_account(process, account)?;
    match account.uid {
        0 => capabilities::apply(capabilities)?,
        _ if keeps_id => capabilities::apply_ambient(capabilities & FILES)?,
        _ => capabilities::apply(0)?,
    }
    if process.no_new_privileges {
        calls.restrict()?;
    }
    Ok(())
}

/// Leaves the session keyring of the user.
fn join_keyring(calls: &SystemCalls) -> Result<(), Failure> {
    match sys::keyring::join_new_session() {
        Ok(()) => Ok(()),
        // The user has as many keys as the kernel allows. The zygote's own session keyring is empty, and the filter lets
        // no program use it.
        Err(Errno::DQUOT) if calls.hides_keys() => Ok(()),
        Err(Errno::DQUOT) => Err(explained(
            FailureKind::Exhausted,
            "keyring",
            "the user has as many keys as kernel.keys.maxkeys allows: raise it (sysctl), or use the default seccomp profile",
        )),
        Err(errno) => Err(system("keyring", "session", errno)),
    }
}
