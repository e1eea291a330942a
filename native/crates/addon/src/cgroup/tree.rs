//! Creates and removes cgroups as a whole.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::io::Errno;
use sys::cgroup::{self, Error};

/// Creates a child, writes its settings and returns its descriptor. Removes the child again if a file
/// cannot be written.
pub fn prepare(
    parent: &Path,
    child: &str,
    settings: &[(String, String)],
) -> Result<OwnedFd, Error> {
    cgroup::create(parent, child)?;
    let path = parent.join(child);
    let prepared = settings
        .iter()
        .try_for_each(|(file, text)| cgroup::write(&path, file, text))
        .and_then(|()| cgroup::open(parent, child));
    if prepared.is_err() {
        let _ = cgroup::remove(parent, child);
    }
    prepared
}

/// Removes a child and all cgroups below it. A missing one is no error.
pub fn remove(parent: &Path, child: &str) -> Result<(), Error> {
    match cgroup::remove(parent, child) {
        Err(Error::File {
            source: Errno::BUSY | Errno::NOTEMPTY,
            ..
        }) => {}
        result => return result,
    }
    let path = parent.join(child);
    for name in cgroup::children(&path)? {
        remove(&path, &name)?;
    }
    cgroup::remove(parent, child)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn temporary(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("tbox-cgroup-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn a_child_whose_files_cannot_be_written_is_removed_again() {
        let root = temporary("prepare");
        let setting = ("pids.max".to_owned(), "5".to_owned());
        // A plain directory lacks the file, as a cgroup lacks the files of an unavailable controller.
        assert!(matches!(
            prepare(&root, "child", std::slice::from_ref(&setting)),
            Err(Error::File {
                source: Errno::NOENT,
                ..
            })
        ));
        assert!(!root.join("child").exists());
        prepare(&root, "child", &[]).unwrap();
        assert!(prepare(&root, "child", &[]).is_err());
        assert!(root.join("child").exists());
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_tree_is_removed_from_its_leaves_up() {
        let root = temporary("tree");
        std::fs::create_dir_all(root.join("a/b/c")).unwrap();
        std::fs::create_dir_all(root.join("a/d")).unwrap();
        let mut names = cgroup::children(&root.join("a")).unwrap();
        names.sort();
        assert_eq!(names, ["b", "d"]);
        remove(&root, "a").unwrap();
        remove(&root, "a").unwrap();
        assert!(!root.join("a").exists());
        std::fs::remove_dir_all(root).unwrap();
    }
}
