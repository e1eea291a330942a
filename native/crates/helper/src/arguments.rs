//! Command line arguments: a role, then its options.

use std::ffi::OsString;
use std::path::PathBuf;

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
pub fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Arguments, Error> {
    if arguments.next().is_none_or(|role| role != "zygote") {
        return Err(Error::Usage);
    }
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

    fn parsed(line: &str) -> Result<Arguments, Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn both_directories_are_required_and_must_be_absolute() {
        let expected = Arguments {
            store: "/s".into(),
            run: "/r".into(),
        };
        assert_eq!(parsed("zygote --run /r --store /s"), Ok(expected));
        for line in [
            "",
            "dance",
            "zygote",
            "zygote --store /s",
            "zygote --store /s --run",
            "zygote -x /y",
        ] {
            assert_eq!(parsed(line), Err(Error::Usage), "{line}");
        }
        assert_eq!(
            parsed("zygote --store s --run /r"),
            Err(Error::NotAbsolute("--store"))
        );
    }
}
