//! Writing the mapping of a user namespace.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use protocol::zygote::{IdRange, Mapping, MappingMode};
use rustix::process::Pid;

use crate::inspect::program;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} is not installed")]
    Missing(&'static str),
    #[error("run {path}: {source}")]
    Run {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}: {message}")]
    Refused { path: PathBuf, message: String },
    #[error("write {path}: {source}")]
    Write {
        path: String,
        source: std::io::Error,
    },
}

/// Maps the ids of the process's user namespace. The kernel accepts each map only once.
pub fn map(pid: Pid, mapping: &Mapping) -> Result<(), Error> {
    match mapping.mode {
        MappingMode::Range => {
            run("newuidmap", pid, &mapping.uids)?;
            run("newgidmap", pid, &mapping.gids)
        }
        MappingMode::Single => {
            // The kernel requires this before an unprivileged group map. Otherwise a process could drop a group that
            // denies it access to a file.
            write(pid, "setgroups", "deny")?;
            write(pid, "uid_map", &line(&mapping.uids))?;
            write(pid, "gid_map", &line(&mapping.gids))
        }
    }
}

fn run(name: &'static str, pid: Pid, lines: &[IdRange]) -> Result<(), Error> {
    let path = program(name).ok_or(Error::Missing(name))?;
    let mut command = Command::new(&path);
    command.arg(pid.as_raw_nonzero().to_string());
    for line in lines {
        for number in [line.inside, line.outside, line.count] {
            command.arg(number.to_string());
        }
    }
    let output = command
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            let text = text.trim().trim_start_matches(name).trim_start_matches(':');
            let message = match text.trim() {
                "" => output.status.to_string(),
                text => text.replace('\n', "; "),
            };
            Err(Error::Refused { path, message })
        }
        Err(source) => Err(Error::Run { path, source }),
    }
}

fn write(pid: Pid, file: &str, text: &str) -> Result<(), Error> {
    let path = format!("/proc/{}/{file}", pid.as_raw_nonzero());
    fs::write(&path, text).map_err(|source| Error::Write { path, source })
}

fn line(lines: &[IdRange]) -> String {
    let line = |range: &IdRange| format!("{} {} {}\n", range.inside, range.outside, range.count);
    lines.iter().map(line).collect()
}
