//! Files of a container as an archive.

use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::Failure;

use super::path::open_parent;
use crate::file_failure::failed;
use crate::pack::{Mounts, PackError, pack_contents, pack_tree};

/// Writes the file or tree at a path as a tar archive. The names of its entries begin with the last part of the path,
/// and with `./` for a dot. For the root, they begin with a slash; for the empty path, which is also the root, they have
/// no prefix.
pub fn archive(root: BorrowedFd<'_>, path: &str, output: OwnedFd) -> Result<(), Failure> {
    let explain = |error: PackError| failed(path, &error.to_string(), error.errno());
    if path.is_empty() {
        return pack_contents(root, output).map_err(explain);
    }
    let (parent, name) = open_parent(root, path)?;
    // The root means the container's own files. Any other path includes its mounts.
    let mounts = match path.trim_matches(['/', '.']) {
        "" => Mounts::Exclude,
        _ => Mounts::Include,
    };
    pack_tree(parent, &name, label(path), mounts, output).map_err(explain)
}

/// Returns the last part of a path without slashes at the end, and `.` instead of `..`.
fn label(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit('/').next() {
        Some("..") => ".",
        last => last.unwrap_or_default(),
    }
}
