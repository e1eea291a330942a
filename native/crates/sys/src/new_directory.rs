//! New directories with their first content.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    CWD, Mode, OFlags, RenameFlags, fstat, ftruncate, mkdirat, openat, renameat_with,
};
use rustix::io::{Errno, retry_on_intr, write};

use crate::descriptor;

/// A directory or file to create in a new directory.
#[derive(Debug, Clone, Copy)]
pub enum Entry<'a> {
    Directory { name: &'a str, mode: u32 },
    File { name: &'a str, content: &'a str },
}

/// Creates a directory of the user alone, with these entries. Files are readable by everybody who reaches them. After an
/// error, a part may exist.
pub fn create(path: &Path, entries: &[Entry<'_>]) -> Result<(), Errno> {
    mkdirat(CWD, path, Mode::RWXU)?;
    let directory = descriptor::open_directory(path)?;
    for entry in entries {
        match *entry {
            Entry::Directory { name, mode } => mkdirat(&directory, name, Mode::from(mode))?,
            Entry::File { name, content } => write_file(directory.as_fd(), name, content)?,
        }
    }
    Ok(())
}

/// Renames a directory, unless the new name exists, and writes files in it. Files that exist have only their content
/// replaced. After an error, the directory may have either name.
pub fn renew(from: &Path, to: &Path, files: &[(&str, &str)]) -> Result<(), Errno> {
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?;
    let directory = descriptor::open_directory(to)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for &(name, content) in files {
        let file: OwnedFd = openat(&directory, name, flags, Mode::from(0o644))?;
        let length = content.len() as u64;
        write_all(file.as_fd(), content.as_bytes())?;
        // The old content may be longer.
        if fstat(&file)?.st_size as u64 != length {
            ftruncate(&file, length)?;
        }
    }
    Ok(())
}

fn write_file(directory: BorrowedFd<'_>, name: &str, content: &str) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file: OwnedFd = openat(directory, name, flags, Mode::from(0o644))?;
    write_all(file.as_fd(), content.as_bytes())
}

fn write_all(file: BorrowedFd<'_>, mut rest: &[u8]) -> Result<(), Errno> {
    while !rest.is_empty() {
        let written = retry_on_intr(|| write(file, rest))?;
        rest = &rest[written..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_is_created_with_its_entries_and_never_replaces_another() {
        let parent = std::env::temp_dir().join(format!("new-directory-{}", std::process::id()));
        let entries = [
            Entry::Directory {
                name: "upper",
                mode: 0o755,
            },
            Entry::File {
                name: "hostname",
                content: "one\n",
            },
            Entry::File {
                name: "empty",
                content: "",
            },
        ];
        create(&parent, &entries).unwrap();
        let again = create(&parent, &[]);
        let mode = |name: &str| {
            fs::metadata(parent.join(name))
                .unwrap()
                .permissions()
                .mode()
        };
        let found = (
            mode("") & 0o77,
            mode("upper") & 0o700,
            mode("hostname") & 0o400,
        );
        let text = fs::read_to_string(parent.join("hostname")).unwrap();
        let empty = fs::read(parent.join("empty")).unwrap();
        fs::remove_dir_all(&parent).unwrap();
        assert_eq!(again, Err(Errno::EXIST));
        assert_eq!(found, (0, 0o700, 0o400));
        assert_eq!(text, "one\n");
        assert!(empty.is_empty());
    }

    #[test]
    fn a_used_directory_gets_a_new_name_and_new_content() {
        let base = std::env::temp_dir().join(format!("used-directory-{}", std::process::id()));
        let paths = ["old", "new", "other"].map(|name| base.join(name));
        let [old, new, other] = &paths;
        fs::create_dir_all(old).unwrap();
        fs::create_dir_all(other).unwrap();
        fs::write(old.join("hosts"), "a longer text\n").unwrap();
        let files = [("hosts", "text\n"), ("hostname", "one\n")];
        let refused = renew(old, other, &files);
        renew(old, new, &files).unwrap();
        let texts = ["hosts", "hostname"].map(|name| fs::read_to_string(new.join(name)).unwrap());
        let gone = !old.exists();
        fs::remove_dir_all(&base).unwrap();
        assert_eq!(refused, Err(Errno::EXIST));
        assert_eq!(texts, ["text\n", "one\n"]);
        assert!(gone);
    }
}
