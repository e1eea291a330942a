//! Descriptions of trees, which tests compare.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Describes each file by its path below the root: content and metadata except access times.
pub fn describe(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    visit(root, &PathBuf::new(), &mut found);
    found
}

fn visit(root: &Path, below: &Path, found: &mut BTreeMap<PathBuf, String>) {
    let path = root.join(below);
    let stat = path.symlink_metadata().unwrap();
    let content = if stat.is_file() {
        std::fs::read(&path).unwrap().escape_ascii().to_string()
    } else if stat.is_symlink() {
        format!("{:?}", std::fs::read_link(&path).unwrap())
    } else {
        format!("rdev {}", stat.rdev())
    };
    let line = format!(
        "mode {:o} owner {}:{} links {} modified {}.{:09} {content}",
        stat.mode(),
        stat.uid(),
        stat.gid(),
        stat.nlink(),
        stat.mtime(),
        stat.mtime_nsec(),
    );
    found.insert(below.to_owned(), line);
    if stat.is_dir() {
        for entry in std::fs::read_dir(&path).unwrap() {
            visit(root, &below.join(entry.unwrap().file_name()), found);
        }
    }
}

/// Returns the sorted paths below a root: directories end with a slash, whiteouts with a cross.
pub fn names(root: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for below in describe(root).into_keys() {
        let stat = root.join(&below).symlink_metadata().unwrap();
        let name = below.as_os_str().as_bytes().escape_ascii().to_string();
        names.push(match stat.file_type() {
            _ if name.is_empty() => continue,
            kind if kind.is_dir() => name + "/",
            kind if kind.is_char_device() => name + " ×",
            _ => name,
        });
    }
    names
}

pub fn text(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

pub fn name(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

pub fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 64 * 1024];
    let length = rustix::fs::lgetxattr(path, name, &mut value).ok()?;
    value.truncate(length);
    Some(value)
}
