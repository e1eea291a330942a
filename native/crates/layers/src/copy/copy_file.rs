//! Copying one file.

use std::ffi::CStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Stat, fstat, ftruncate, openat, statat, unlinkat,
};
use rustix::io::Errno;

use super::file_content::copy_content;
use super::metadata_overrides::MetadataOverrides;
use super::path::{c_string, open_text};
use super::target_directory::ensure_directory;
use crate::file_failure::{broken, failed, refused};
use crate::remove::remove_tree;

/// A source file, already open.
pub struct Source<'s> {
    pub file: OwnedFd,
    pub status: &'s Stat,
    pub overrides: &'s MetadataOverrides,
    /// Whether the copy may replace a directory.
    pub replaces: bool,
}

impl Source<'_> {
    /// Copies to a path of the request. If the path is a directory or ends with a slash, the copy is named `name` in
    /// that directory. If the path is a symbolic link, the link stays and its target receives the content.
    pub fn copy_to_path(
        self,
        root: BorrowedFd<'_>,
        target: &str,
        name: &str,
    ) -> Result<(), Failure> {
        let at_target = |errno| refused(target, errno);
        let existing = match open_text(root, target, OFlags::PATH) {
            Ok(found) => {
                let mode = fstat(&found).map_err(at_target)?.st_mode;
                Some(FileType::from_raw_mode(mode))
            }
            Err(Errno::NOENT) => None,
            Err(errno) => return Err(at_target(errno)),
        };
        let (parent, name) = match (existing, target.rsplit_once('/')) {
            (Some(FileType::Directory), _) | (None, Some((_, ""))) => (target, name),
            (_, Some((parent, name))) => (parent, name),
            (_, None) => ("/", target),
        };
        let directory = ensure_directory(root, parent, self.overrides)?;
        let name = c_string(name)?;
        let leads_to_file = existing.is_some_and(|kind| kind != FileType::Directory);
        if leads_to_file && is_symlink(&directory, &name) {
            let flags = OFlags::WRONLY | OFlags::NONBLOCK;
            let file = open_text(root, target, flags).map_err(at_target)?;
            ftruncate(&file, 0).map_err(at_target)?;
            return self.fill(file, target);
        }
        self.copy_into(directory.as_fd(), &name, target)
    }

    /// Copies to `name` in a directory and replaces a file of that name; `path` is for messages.
    pub fn copy_into(
        self,
        directory: BorrowedFd<'_>,
        name: &CStr,
        path: &str,
    ) -> Result<(), Failure> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let create = || openat(directory, name, flags, Mode::from_raw_mode(0o600));
        let file = match create() {
            Err(Errno::EXIST) => {
                clear(directory, name, path, self.replaces)?;
                create()
            }
            created => created,
        };
        self.fill(file.map_err(|errno| refused(path, errno))?, path)
    }

    fn fill(self, target: OwnedFd, path: &str) -> Result<(), Failure> {
        let source = File::from(self.file);
        let target = File::from(target);
        copy_content(&source, &target, self.status).map_err(|error| broken(path, &error))?;
        self.overrides
            .apply(&target.into(), &source.into(), self.status)
            .map_err(|errno| broken(path, &errno.into()))
    }
}

/// Deletes the file at a name for a new one. Deletes a directory only with `replaces`.
pub fn clear(
    directory: BorrowedFd<'_>,
    name: &CStr,
    path: &str,
    replaces: bool,
) -> Result<(), Failure> {
    match unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(Errno::ISDIR) if replaces => {
            remove_tree(directory, name.to_bytes()).map_err(|error| refused(path, error.errno))
        }
        Err(errno @ Errno::ISDIR) => {
            let reason = "cannot replace a directory with a file";
            Err(failed(path, reason, Some(errno)))
        }
        Err(errno) => Err(refused(path, errno)),
    }
}

fn is_symlink(directory: &OwnedFd, name: &CStr) -> bool {
    statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|found| FileType::from_raw_mode(found.st_mode).is_symlink())
}
