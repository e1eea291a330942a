//! The trees that a build takes files from, mounted in a container's directory.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::launch::FileTree;
use rustix::fs::{Mode, OFlags, mkdirat};
use rustix::io::Errno;

use crate::failure::{explained, system};
use crate::host::Host;
use crate::steps::overlay::{Access, Overlay, mount_lowers};
use crate::steps::root::{self, Store};
use crate::tree::{self, path_of};

/// Trees with their opened roots.
pub type OpenTrees<'t> = Vec<(&'t FileTree, OwnedFd)>;

/// Opens a tree for a worker in a mount namespace of its own. The process must have one thread.
pub fn open_alone(host: &Host, id: &str, tree: &FileTree) -> Result<OwnedFd, Failure> {
    sys::namespaces::enter_new_mounts().map_err(|errno| system("namespaces", "mount", errno))?;
    root::isolate()?;
    let store = Store::open(host.store_path(), id)?;
    open(&store, 0, tree, Access::ReadOnly)
}

/// Opens the trees of a request, each equal one once. Before the container's root is mounted over the directory
/// that they are mounted in.
pub fn open_all<'t>(
    store: &Store,
    trees: impl Iterator<Item = &'t FileTree>,
) -> Result<OpenTrees<'t>, Failure> {
    let mut opened: OpenTrees<'_> = Vec::new();
    for tree in trees {
        if opened.iter().all(|(other, _)| *other != tree) {
            opened.push((tree, open(store, opened.len(), tree, Access::ReadOnly)?));
        }
    }
    Ok(opened)
}

/// The root of a tree. What is changed in a changeable one is lost with the container; `index` tells the trees
/// of one container apart.
pub(crate) fn open(
    store: &Store,
    index: usize,
    tree: &FileTree,
    access: Access,
) -> Result<OwnedFd, Failure> {
    let lowers = match tree {
        FileTree::Layers { diff_ids } => store.open_layers(diff_ids)?,
        FileTree::Directory { path } => {
            let directory = tree::open_host(path).map_err(|errno| system("tree", path, errno))?;
            if access == Access::ReadOnly {
                return Ok(directory);
            }
            vec![directory]
        }
    };
    mount(store, index, lowers, access).map_err(|errno| system("tree", "overlay", errno))
}

fn mount(
    store: &Store,
    index: usize,
    mut lowers: Vec<OwnedFd>,
    access: Access,
) -> Result<OwnedFd, Errno> {
    let name = format!("tree-{index}");
    let place = make(store.container.as_fd(), &name)?;
    // An overlay without an upper directory has at least two lower ones.
    lowers.insert(0, make(place.as_fd(), "empty")?);
    if lowers.len() == 1 {
        return lowers.pop().ok_or(Errno::INVAL);
    }
    let merged = make(place.as_fd(), "merged")?;
    match access {
        Access::ReadOnly => mount_lowers(&lowers, &path_of(merged.as_fd()))?,
        Access::Changeable => {
            let overlay = Overlay {
                lowers: &lowers,
                upper: &make(place.as_fd(), "upper")?,
                work: &make(place.as_fd(), "work")?,
                access,
                volatile: false,
            };
            overlay.mount(&path_of(merged.as_fd()))?;
        }
    }
    tree::open_plain(place.as_fd(), "merged", OFlags::PATH | OFlags::DIRECTORY)
}

fn make(parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    match mkdirat(parent, name, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno),
    }
    tree::open_plain(parent, name, OFlags::PATH | OFlags::DIRECTORY)
}

/// What lies at a path of a tree.
pub(crate) fn find(root: BorrowedFd<'_>, source: &str) -> Result<OwnedFd, Failure> {
    tree::open(root, source, OFlags::PATH).map_err(|errno| match errno {
        Errno::NOENT => explained(
            FailureKind::NotFound,
            "tree",
            format!("{source}: no such file or directory"),
        ),
        _ => system("tree", source, errno),
    })
}
