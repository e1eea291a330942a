//! `COPY` and `ADD`: files of other trees, copied into a container's root.
//!
//! Both sides may be hostile. Sources are opened below the root of their tree, targets as the container's own processes
//! see them.

use std::collections::HashSet;
use std::fs::File;
use std::io::Seek;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::file_name;
use protocol::work::Copy;
use protocol::zygote::Mapping;
use rustix::fs::{FileType, OFlags, fstat};

use super::archive_detection::is_archive;
use super::chmod::ModeChange;
use super::copy_file::Source;
use super::copy_tree::copy_tree;
use super::metadata_overrides::MetadataOverrides;
use super::path::open_text;
use super::target_directory::ensure_directory;
use super::unpack::{UnpackOptions, unpack};
use crate::file_failure::{broken, refused};

pub struct Sources<'a> {
    /// Open root of each copy's tree.
    pub roots: Vec<BorrowedFd<'a>>,
    pub copies: &'a [Copy],
    /// Owner of the copies; `None` keeps the owner of each file.
    pub owner: Option<(u32, u32)>,
    /// Owner of the files from unpacked archives; `None` keeps the owner of each file.
    pub archive_owner: Option<(u32, u32)>,
    /// Change of mode, as for chmod(1).
    pub mode: Option<&'a str>,
    /// Whether a directory and another file replace each other; otherwise they conflict.
    pub replaces: bool,
    pub mapping: &'a Mapping,
}

/// Copies all sources in order.
pub fn copy_sources(root: BorrowedFd<'_>, sources: &Sources<'_>) -> Result<(), Failure> {
    let copier = Copier {
        root,
        replaces: sources.replaces,
        overrides: MetadataOverrides {
            owner: sources.owner,
            mode: sources.mode.map(ModeChange::parse).transpose()?,
        },
        archives: UnpackOptions {
            mapping: sources.mapping,
            keep_kinds: false,
            owner: sources.archive_owner,
        },
    };
    for (copy, tree) in sources.copies.iter().zip(&sources.roots) {
        copier.copy(*tree, copy)?;
    }
    Ok(())
}

struct Copier<'a> {
    root: BorrowedFd<'a>,
    replaces: bool,
    overrides: MetadataOverrides,
    archives: UnpackOptions<'a>,
}

impl Copier<'_> {
    fn copy(&self, tree: BorrowedFd<'_>, copy: &Copy) -> Result<(), Failure> {
        let at_source = |errno| refused(&copy.source, errno);
        let source = open_text(tree, &copy.source, OFlags::PATH).map_err(at_source)?;
        let status = fstat(&source).map_err(at_source)?;
        if FileType::from_raw_mode(status.st_mode).is_dir() {
            let target = ensure_directory(self.root, &copy.target, &self.overrides)?;
            let skip = copy.skip.iter().map(|path| file_name::to_bytes(path));
            let skip: HashSet<_> = skip.collect();
            return copy_tree(
                source.as_fd(),
                target,
                &self.overrides,
                &skip,
                self.replaces,
            );
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let file = open_text(tree, &copy.source, flags).map_err(at_source)?;
        if copy.unpack && self.unpack(&file, &copy.target)? {
            return Ok(());
        }
        let name = copy.source.rsplit('/').find(|part| !part.is_empty());
        let source = Source {
            file,
            status: &status,
            overrides: &self.overrides,
            replaces: self.replaces,
        };
        source.copy_to_path(self.root, &copy.target, name.unwrap_or_default())
    }

    /// Unpacks a file if it is an archive. Returns whether it is one.
    fn unpack(&self, source: &OwnedFd, target: &str) -> Result<bool, Failure> {
        let clone = source.try_clone().map_err(|error| broken(target, &error))?;
        let mut file = File::from(clone);
        let archive = is_archive(&mut file).map_err(|error| broken(target, &error))?;
        file.rewind().map_err(|error| broken(target, &error))?;
        if archive {
            drop(ensure_directory(self.root, target, &self.overrides)?);
            unpack(self.root, target, file.into(), &self.archives)?;
        }
        Ok(archive)
    }
}
