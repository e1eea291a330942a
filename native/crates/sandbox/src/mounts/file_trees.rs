//! Trees that a build takes files from, mounted in a container's directory.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::FileTree;
use rustix::fs::{Mode, OFlags, fstat, mkdirat};
use rustix::io::Errno;
use sys::mounts::Depth;

use crate::failure::{explained, system};
use crate::host::Host;
use crate::in_root::{self, path_of};
use crate::mounts::overlay::{Access, Overlay, mount_lowers};
use crate::mounts::{attach, isolation};
use crate::store::Store;

/// Trees with their opened roots.
pub type OpenTrees<'t> = Vec<(&'t FileTree, OwnedFd)>;

/// Opens a tree in a new mount namespace, for a worker. The process must have one thread.
pub fn open_alone(host: &Host, id: &str, tree: &FileTree) -> Result<OwnedFd, Failure> {
    isolation::enter_new_namespace()?;
    let store = Store::open(host.store_path(), id)?;
    open_mounted(&store, 0, tree)
}

/// Opens the trees of a request, equal ones once. Call it before the container's root is mounted, because the root
/// covers the directory in which the trees are mounted.
pub fn open_all<'t>(
    store: &Store,
    trees: impl Iterator<Item = &'t FileTree>,
) -> Result<OpenTrees<'t>, Failure> {
    let mut opened: OpenTrees<'_> = Vec::new();
    for tree in trees {
        if opened.iter().all(|(other, _)| *other != tree) {
            opened.push((tree, open_mounted(store, opened.len(), tree)?));
        }
    }
    Ok(opened)
}

/// Opens the root of a tree as a mount of its own, which `..` does not leave.
fn open_mounted(store: &Store, index: usize, tree: &FileTree) -> Result<OwnedFd, Failure> {
    let root = open(store, index, tree, Access::ReadOnly)?;
    attach::clone_of(root.as_fd(), Depth::Tree).map_err(|errno| system("tree", "clone", errno))
}

/// Opens the root of a tree. Changes in a writable one are lost with the container. `index` is unique among
/// the trees of a container.
pub(crate) fn open(
    store: &Store,
    index: usize,
    tree: &FileTree,
    access: Access,
) -> Result<OwnedFd, Failure> {
    let lowers = match tree {
        FileTree::Layers { diff_ids } => store.open_layers(diff_ids)?,
        FileTree::Directory { path, identity } => {
            let directory = open_directory(path, identity.as_deref())?;
            if access == Access::ReadOnly {
                return Ok(directory);
            }
            vec![directory]
        }
    };
    mount(store, index, lowers, access).map_err(|errno| system("tree", "overlay", errno))
}

/// Opens a directory of the host. Fails if the directory does not have this identity, because another program may have
/// replaced it with a link meanwhile.
fn open_directory(path: &str, identity: Option<&str>) -> Result<OwnedFd, Failure> {
    let at_path = |errno| system("tree", path, errno);
    let directory = in_root::open_host(path).map_err(at_path)?;
    let status = fstat(&directory).map_err(at_path)?;
    let found = format!("{}:{}", status.st_dev, status.st_ino);
    if identity.is_some_and(|expected| expected != found) {
        let message = format!("{path}: the directory was replaced meanwhile");
        return Err(explained(FailureKind::System, "tree", message));
    }
    Ok(directory)
}

fn mount(
    store: &Store,
    index: usize,
    mut lowers: Vec<OwnedFd>,
    access: Access,
) -> Result<OwnedFd, Errno> {
    let directory = ensure_directory(store.container.as_fd(), &format!("tree-{index}"))?;
    // An overlay without an upper directory needs at least two lower ones.
    lowers.insert(0, ensure_directory(directory.as_fd(), "empty")?);
    if lowers.len() == 1 {
        return lowers.pop().ok_or(Errno::INVAL);
    }
    let merged = ensure_directory(directory.as_fd(), "merged")?;
    match access {
        Access::ReadOnly => mount_lowers(&lowers, &path_of(merged.as_fd()))?,
        Access::ReadWrite => {
            let overlay = Overlay {
                lowers: &lowers,
                upper: &ensure_directory(directory.as_fd(), "upper")?,
                work: &ensure_directory(directory.as_fd(), "work")?,
                access,
                volatile: false,
            };
            overlay.mount(&path_of(merged.as_fd()))?;
        }
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    in_root::open_without_links(directory.as_fd(), "merged", flags)
}

fn ensure_directory(parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    match mkdirat(parent, name, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno),
    }
    in_root::open_without_links(parent, name, OFlags::PATH | OFlags::DIRECTORY)
}

/// Opens a path of a tree.
pub(crate) fn find(root: BorrowedFd<'_>, source: &str) -> Result<OwnedFd, Failure> {
    in_root::open(root, source, OFlags::PATH).map_err(|errno| match errno {
        Errno::NOENT => explained(
            FailureKind::NotFound,
            "tree",
            format!("{source}: no such file or directory"),
        ),
        _ => system("tree", source, errno),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_replaced_directory_is_refused() {
        let status = rustix::fs::stat("/usr").unwrap();
        let identity = format!("{}:{}", status.st_dev, status.st_ino);
        assert!(open_directory("/usr", Some(&identity)).is_ok());
        assert!(open_directory("/usr", None).is_ok());
        let error = open_directory("/etc", Some(&identity)).unwrap_err();
        assert!(error.message.contains("was replaced meanwhile"));
    }
}
