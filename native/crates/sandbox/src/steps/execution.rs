//! Execution of the program.

use std::convert::Infallible;
use std::ffi::CString;

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;

use crate::failure::explained;

/// A prepared execve(2).
#[derive(Debug)]
pub struct Execution {
    arguments: Vec<CString>,
    environment: Vec<CString>,
    /// Paths of the program; the first executable one is executed.
    candidates: Vec<CString>,
    name: String,
    /// Whether the name was searched for in the PATH.
    searched: bool,
}

impl Execution {
    pub fn arguments(&self) -> &[CString] {
        &self.arguments
    }

    pub fn environment(&self) -> &[CString] {
        &self.environment
    }
}

/// Prepares an execution. A name without a slash is searched for in the PATH of the environment.
pub fn plan(args: &[String], env: &[String]) -> Result<Execution, Failure> {
    let Some(name) = args.first() else {
        return Err(explained(
            FailureKind::InvalidArgument,
            "exec",
            "no command specified",
        ));
    };
    let searched = !name.contains('/');
    let candidates = if searched {
        let path = env
            .iter()
            .find_map(|entry| entry.strip_prefix("PATH="))
            .unwrap_or_default();
        let directories = path
            .split(':')
            .map(|directory| if directory.is_empty() { "." } else { directory });
        directories
            .map(|directory| text(&format!("{directory}/{name}")))
            .collect::<Result<_, _>>()?
    } else {
        vec![text(name)?]
    };
    Ok(Execution {
        arguments: args
            .iter()
            .map(|argument| text(argument))
            .collect::<Result<_, _>>()?,
        environment: env
            .iter()
            .map(|entry| text(entry))
            .collect::<Result<_, _>>()?,
        candidates: if name.is_empty() {
            Vec::new()
        } else {
            candidates
        },
        name: name.clone(),
        searched,
    })
}

/// Executes the program. Returns only a failure.
pub fn execute(execution: &Execution) -> Result<Infallible, Failure> {
    let mut reason = Errno::NOENT;
    for candidate in &execution.candidates {
        match sys::program::execute(candidate, &execution.arguments, &execution.environment) {
            Ok(never) => match never {},
            Err(Errno::NOENT | Errno::NOTDIR) => {}
            // A directory of that name in the PATH is skipped, as a shell does.
            Err(Errno::ACCESS) if execution.searched && is_directory(candidate) => {}
            Err(errno) => {
                reason = errno;
                if errno != Errno::ACCESS {
                    break;
                }
            }
        }
    }
    Err(refused(execution, reason))
}

fn refused(execution: &Execution, errno: Errno) -> Failure {
    let name = &execution.name;
    let (kind, reason) = match errno {
        Errno::NOENT if execution.searched => (
            FailureKind::CommandNotFound,
            "executable file not found in $PATH".to_owned(),
        ),
        Errno::NOENT => (
            FailureKind::CommandNotFound,
            format!("stat {name}: no such file or directory"),
        ),
        Errno::ACCESS => (
            FailureKind::CommandNotExecutable,
            "permission denied".to_owned(),
        ),
        Errno::NOEXEC => (
            FailureKind::CommandNotExecutable,
            "exec format error".to_owned(),
        ),
        _ => (FailureKind::CommandNotExecutable, errno.to_string()),
    };
    let mut failure = explained(kind, "exec", format!("exec: {name:?}: {reason}"));
    failure.subject = Some(name.clone());
    failure.errno = Some(errno.raw_os_error());
    failure
}

fn is_directory(path: &CString) -> bool {
    rustix::fs::stat(path.as_c_str())
        .is_ok_and(|status| rustix::fs::FileType::from_raw_mode(status.st_mode).is_dir())
}

fn text(value: &str) -> Result<CString, Failure> {
    CString::new(value).map_err(|_| {
        let message = format!("{value:?} contains a null character");
        explained(FailureKind::InvalidArgument, "exec", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn a_name_without_a_slash_is_searched_for_in_the_containers_path() {
        let execution = plan(&strings(&["ls", "-l"]), &strings(&["PATH=/bin::/usr/bin"])).unwrap();
        let candidates: Vec<&str> = execution
            .candidates
            .iter()
            .map(|path| path.to_str().unwrap())
            .collect();
        assert_eq!(candidates, ["/bin/ls", "./ls", "/usr/bin/ls"]);
    }

    #[test]
    fn a_name_with_a_slash_is_not_searched_for() {
        let execution = plan(&strings(&["./x"]), &strings(&["PATH=/bin"])).unwrap();
        assert_eq!(execution.candidates, [c"./x".to_owned()]);
    }

    #[test]
    fn the_error_for_a_missing_program_names_it_and_the_path() {
        let execution = plan(
            &strings(&["tbox-no-such-program"]),
            &strings(&["PATH=/nonexistent"]),
        )
        .unwrap();
        let failure = execute(&execution).unwrap_err();
        assert_eq!(failure.kind, FailureKind::CommandNotFound);
        assert_eq!(
            failure.message,
            "exec: \"tbox-no-such-program\": executable file not found in $PATH"
        );
    }

    #[test]
    fn a_null_character_is_refused() {
        assert!(plan(&strings(&["a\0b"]), &[]).is_err());
    }
}
