//! Command line arguments: a role, then its options.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A role of the helper.
#[derive(Debug, PartialEq, Eq)]
pub enum Role {
    Zygote(Arguments),
    /// PID 1 of a container whose program is the child with this process id. The program's own arguments follow for
    /// readers of the list of processes.
    Init {
        program: u32,
    },
}

/// Arguments of the role `zygote`.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    pub store: PathBuf,
    pub run: PathBuf,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("usage: tbox-helper zygote --store DIRECTORY --run DIRECTORY")]
    Usage,
    #[error("{0} needs an absolute path")]
    NotAbsolute(&'static str),
}

/// Parses the arguments after the program's name.
pub fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Role, Error> {
    let role = arguments.next();
    match role.as_deref().and_then(OsStr::to_str) {
        Some("zygote") => parse_zygote(arguments).map(Role::Zygote),
        Some("init") => parse_init(arguments),
        _ => Err(Error::Usage),
    }
}

fn parse_init(mut arguments: impl Iterator<Item = OsString>) -> Result<Role, Error> {
    let program = arguments.next().ok_or(Error::Usage)?;
    let program = program.to_str().and_then(|text| text.parse().ok());
    program
        .map(|program| Role::Init { program })
        .ok_or(Error::Usage)
}

fn parse_zygote(mut arguments: impl Iterator<Item = OsString>) -> Result<Arguments, Error> {
    let (mut store, mut run) = (None, None);
    while let Some(name) = arguments.next() {
        let value = PathBuf::from(arguments.next().ok_or(Error::Usage)?);
        match name.to_str() {
            Some("--store") => store = Some(value),
            Some("--run") => run = Some(value),
            _ => return Err(Error::Usage),
        }
    }
    Ok(Arguments {
        store: absolute(store, "--store")?,
        run: absolute(run, "--run")?,
    })
}

fn absolute(path: Option<PathBuf>, option: &'static str) -> Result<PathBuf, Error> {
    let path = path.ok_or(Error::Usage)?;
    match path.is_absolute() {
        true => Ok(path),
        false => Err(Error::NotAbsolute(option)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Role, Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn both_directories_are_required_and_must_be_absolute() {
        let expected = Arguments {
            store: "/s".into(),
            run: "/r".into(),
        };
        let expected = Role::Zygote(expected);
        assert_eq!(parsed("zygote --run /r --store /s"), Ok(expected));
        for line in [
            "",
            "dance",
            "zygote",
            "zygote --store /s",
            "zygote --store /s --run",
            "zygote -x /y",
            "init",
            "init x",
        ] {
            assert_eq!(parsed(line), Err(Error::Usage), "{line}");
        }
        assert_eq!(
            parsed("zygote --store s --run /r"),
            Err(Error::NotAbsolute("--store"))
        );
    }

    #[test]
    fn init_needs_the_process_id_of_the_program() {
        let expected = Role::Init { program: 2 };
        assert_eq!(parsed("init 2 -- sleep 1"), Ok(expected));
    }
}
