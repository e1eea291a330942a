//! Collects the facts about the machine from which the mapping is planned.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{getgid, getuid};

use crate::accounts::{self, Account};
use crate::plan::{Facts, Kind};
use crate::ranges::{self, Error, Range};

/// Directories of system programs; NixOS has set-user-ID programs in the last one. The user's PATH is never used.
const PROGRAM_DIRECTORIES: [&str; 5] = [
    "/usr/bin",
    "/bin",
    "/usr/sbin",
    "/sbin",
    "/run/wrappers/bin",
];

/// Reads the account and range files. A missing file counts as empty.
pub fn facts() -> Result<Facts, Error> {
    let passwd = accounts::parse(&read("/etc/passwd"));
    let group = accounts::parse(&read("/etc/group"));
    let uid = getuid().as_raw();
    let owners = owners(uid, &passwd);
    let (subuid, subgid) = (read("/etc/subuid"), read("/etc/subgid"));
    Ok(Facts {
        user: owners[0].clone(),
        users: Kind {
            own: uid,
            accounts: passwd,
            parent: ranges::id_map(&read("/proc/self/uid_map")),
            ..kind(&subuid, "/etc/subuid", &owners, &[])?
        },
        groups: Kind {
            own: getgid().as_raw(),
            accounts: group,
            parent: ranges::id_map(&read("/proc/self/gid_map")),
            ..kind(&subgid, "/etc/subgid", &owners, &["-g"])?
        },
        first_unused: ranges::first_unused(&[&subuid, &subgid]),
        missing_program: ["newuidmap", "newgidmap"]
            .into_iter()
            .find(|name| program(name).is_none())
            .map(str::to_owned),
    })
}

/// Returns the absolute path of a system program.
pub fn program(name: &str) -> Option<PathBuf> {
    PROGRAM_DIRECTORIES
        .iter()
        .map(|directory| Path::new(directory).join(name))
        .find(|path| path.is_file())
}

/// Returns the names of the user in the range files, the one for messages first.
fn owners(uid: u32, passwd: &[Account]) -> Vec<String> {
    let names = passwd.iter().filter(|account| account.id == uid);
    let mut owners: Vec<String> = names.map(|account| account.name.clone()).collect();
    owners.push(uid.to_string());
    owners
}

fn kind(text: &str, file: &str, owners: &[String], options: &[&str]) -> Result<Kind, Error> {
    let mut ranges = ranges::of_owner(text, file, owners)?;
    let mut source = file.to_owned();
    if ranges.is_empty() {
        ranges = from_directory_service(&owners[0], options)?;
        source = "getsubids".to_owned();
    }
    Ok(Kind {
        source,
        ranges,
        ..Kind::default()
    })
}

/// Reads ranges from a directory service, such as LDAP, which the C library's name service knows.
fn from_directory_service(user: &str, options: &[&str]) -> Result<Vec<Range>, Error> {
    let Some(path) = program("getsubids") else {
        return Ok(Vec::new());
    };
    let output = Command::new(path)
        .args(options)
        .arg(user)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            ranges::of_getsubids(&String::from_utf8_lossy(&output.stdout))
        }
        _ => Ok(Vec::new()),
    }
}

fn read(path: &str) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
