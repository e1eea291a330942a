//! Runs a command as if the kernel were older: `older_kernel RELEASE COMMAND...`. Calls and flags that the release lacks
//! fail for the command and its children. For root, set-user-ID programs keep their rights; for other users
//! they lose them.

use std::error::Error;
use std::ffi::CString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use seccomp::{Architecture, Comparison, Condition, Rule, Table};

/// A release, and the name of its newest system call. From number 424 on, all architectures number calls in the order
/// of their appearance.
const RELEASES: [(&str, &str); 5] = [
    ("5.12", "mount_setattr"),
    ("5.15", "process_mrelease"),
    ("6.1", "set_mempolicy_home_node"),
    ("6.6", "map_shadow_stack"),
    ("6.12", "mseal"),
];

/// Numbers above those of all calls.
const MOST: u32 = 1024;

const MFD_NOEXEC_SEAL: u64 = 8;
const MFD_EXEC: u64 = 16;
const FSCONFIG_SET_FLAG: u32 = 0;

fn refuse(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | number.cast_unsigned()
}

/// Returns a filter that allows the calls and flags of the release.
fn table(release: &str) -> Result<Table, Box<dyn Error>> {
    let (_, newest) = RELEASES
        .into_iter()
        .find(|(name, _)| *name == release)
        .ok_or("the releases are 5.12, 5.15, 6.1, 6.6 and 6.12")?;
    let number = |name: &str| Architecture::NATIVE.number(name).ok_or("unknown call");
    let mut table = Table::new(Architecture::NATIVE, libc::SECCOMP_RET_ALLOW);
    // The flags appeared with 6.3.
    if ["5.12", "5.15", "6.1"].contains(&release) {
        let sealed = Condition {
            mask: MFD_NOEXEC_SEAL | MFD_EXEC,
            ..Condition::low(1, Comparison::Equal, 0)
        };
        let rule = Rule::when(vec![sealed.negated()], refuse(libc::EINVAL));
        table.add(number("memfd_create")?, rule);
    }
    if release != "6.12" {
        // Overlays have parameters for single layers since 6.7. A filter does not see the names of parameters, but tbox
        // sets flags for overlays only.
        let flag = Condition::low(1, Comparison::Equal, FSCONFIG_SET_FLAG);
        table.add(
            number("fsconfig")?,
            Rule::when(vec![flag], refuse(libc::EINVAL)),
        );
    }
    for missing in number(newest)? + 1..MOST {
        table.add(missing, Rule::always(refuse(libc::ENOSYS)));
    }
    Ok(table)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1);
    let release = words
        .next()
        .ok_or("usage: older_kernel RELEASE COMMAND...")?;
    let command = words
        .map(|word| CString::new(word.into_vec()))
        .collect::<Result<Vec<_>, _>>()?;
    let name = command
        .first()
        .ok_or("usage: older_kernel RELEASE COMMAND...")?;
    let filter = table(&release.to_string_lossy())?.assemble();
    if !rustix::process::geteuid().is_root() {
        rustix::thread::set_no_new_privs(true)?;
    }
    sys::seccomp::install(&filter)?;
    let variables = std::env::vars_os()
        .map(|(key, value)| CString::new([key.as_bytes(), b"=", value.as_bytes()].concat()))
        .collect::<Result<Vec<_>, _>>()?;
    let error = sys::program::execute(name, &command, &variables);
    Err(format!("execute {name:?}: {error:?}").into())
}
