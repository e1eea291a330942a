//! Creating the files of a tree from entries.

use std::collections::HashSet;
use std::io::BufRead;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ftruncate, linkat, mknodat, openat, statat, symlinkat,
    unlinkat,
};
use rustix::io::Errno;
use walk::DIRECTORY;

use super::entry_metadata::EntryMetadata;
use super::entry_owner::OwnerPolicy;
use super::entry_path::{EntryName, EntryPath, MAX_PATH};
use super::open_directories::{Directory, Links, OpenDirectories};
use super::problem::{Problem, during};
use super::warnings::{Warning, Warnings};
use super::write_with_holes::write_with_holes;
use crate::archive::{Entry, Kind, Reader};
use crate::metadata::make_directory;
use crate::overlay::{Existing, set_opaque};
use crate::remove::remove_tree;

/// Destination of an archive that is not a layer: a directory of a tree that is used without lower layers. Whiteouts
/// are ordinary names in such a directory.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Path below the root; empty for the root itself.
    pub directory: Vec<u8>,
    /// Whether a directory and a file of another kind never replace each other.
    pub keep_kinds: bool,
}

impl Destination {
    fn path(&self, raw: &[u8]) -> Result<EntryPath, Problem> {
        let inside = EntryPath::parse(raw)?;
        EntryPath::parse(&[&self.directory, inside.bytes()].join(&b'/'))
    }
}

/// A tree that entries are extracted into.
pub struct TreeWriter<'a> {
    /// `None` for a layer.
    destination: Option<Destination>,
    directories: OpenDirectories<'a>,
    metadata: EntryMetadata<'a>,
    /// Paths of the devices that are left out: a link to such a device is also left out.
    devices: HashSet<Vec<u8>>,
}

impl<'a> TreeWriter<'a> {
    pub fn new(
        root: BorrowedFd<'a>,
        destination: Option<Destination>,
        owners: OwnerPolicy<'a>,
    ) -> Self {
        Self {
            destination,
            directories: OpenDirectories::new(root),
            metadata: EntryMetadata::new(owners),
            devices: HashSet::new(),
        }
    }

    pub fn directories(&mut self) -> &mut OpenDirectories<'a> {
        &mut self.directories
    }

    pub fn warnings(&mut self) -> &mut Warnings {
        self.metadata.warnings()
    }

    pub fn name_of(&self, entry: &Entry) -> Result<EntryName, Problem> {
        match &self.destination {
            None => EntryName::parse(&entry.name),
            Some(destination) => Ok(match destination.path(&entry.name)? {
                path if path.bytes().is_empty() => EntryName::Root,
                path => EntryName::Plain(path),
            }),
        }
    }

    /// Sets the metadata that must wait for the last entry. An error names the path.
    pub fn finish(&mut self) -> Result<(), (Vec<u8>, Problem)> {
        for (path, attribute) in self.metadata.take_default_acls() {
            // If the directory does not exist, a later entry has replaced it.
            if let Ok(Some(directory)) = self.directories.get(&path, Links::Refuse) {
                self.metadata
                    .set_attribute(directory.fd(), &path, &attribute)
                    .map_err(|problem| (path, problem))?;
            }
        }
        self.directories
            .close()
            .map_err(|problem| (Vec::new(), problem))
    }

    /// Gives the root the metadata of its entry. A destination in existing files stays a directory, as in Docker.
    pub fn describe_root(&mut self, entry: &Entry) -> Result<(), Problem> {
        if entry.kind != Kind::Directory && self.destination.is_some() && !self.keeps_kinds() {
            return Ok(());
        }
        if entry.kind != Kind::Directory {
            return Err(Problem::RootKind);
        }
        self.directories.forget(b"")?;
        let root = self
            .directories
            .open_existing(b"")
            .map_err(during("opening the layer's root"))?;
        self.metadata.apply(root.as_fd(), b"", entry, true)
    }

    /// Creates the file of an entry, whose data is next in the archive. It replaces an earlier entry of that name.
    pub fn create_entry(
        &mut self,
        entry: &Entry,
        path: &EntryPath,
        archive: &mut Reader<impl BufRead>,
    ) -> Result<(), Problem> {
        match &entry.kind {
            Kind::Device => {
                self.leave_out_device(entry, path);
                Ok(())
            }
            Kind::File => self.file(entry, path, archive),
            Kind::Directory => self.directory(entry, path),
            Kind::HardLink(target) => self.hard_link(entry, target, path),
            Kind::Symlink(target) => self.symlink(entry, target, path),
            Kind::Fifo => self.fifo(entry, path),
        }
    }

    fn file(
        &mut self,
        entry: &Entry,
        path: &EntryPath,
        archive: &mut Reader<impl BufRead>,
    ) -> Result<(), Problem> {
        let (parent, file) = self.create(path, "creating it", |parent, name| {
            let flags =
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(parent, name, flags, Mode::RUSR | Mode::WUSR)
        })?;
        let mut written = 0;
        for segment in &entry.segments {
            let mut offset = segment.offset;
            archive.copy(segment.length, |piece| {
                let is_hole =
                    write_with_holes(file.as_fd(), piece, offset).map_err(during("writing it"))?;
                offset += piece.len() as u64;
                if !is_hole {
                    written = offset;
                }
                Ok::<_, Problem>(())
            })?;
        }
        if written < entry.size {
            ftruncate(&file, entry.size).map_err(during("setting its size"))?;
        }
        self.metadata
            .apply(file.as_fd(), path.bytes(), entry, parent.set_gid)
    }

    /// Creates a directory. An existing one keeps its content; a file of another kind is replaced.
    fn directory(&mut self, entry: &Entry, path: &EntryPath) -> Result<(), Problem> {
        let action = "creating it";
        let parent = self.parent(path)?;
        let directory = match make_directory(parent.change(), path.name()) {
            Err(Errno::EXIST) => {
                match Existing::at(parent.fd(), path.name()).map_err(during(action))? {
                    Existing::Directory => {
                        self.directories.forget(path.bytes())?;
                        openat(parent.fd(), path.name(), DIRECTORY, Mode::empty())
                            .map_err(during("opening it"))?
                    }
                    _ => self.replace_by_directory(&parent, path)?,
                }
            }
            result => result.map_err(during(action))?,
        };
        self.metadata
            .apply(directory.as_fd(), path.bytes(), entry, true)?;
        self.directories
            .insert(directory, path.bytes(), parent.through_link)?;
        Ok(())
    }

    fn replace_by_directory(
        &mut self,
        parent: &Directory,
        path: &EntryPath,
    ) -> Result<OwnedFd, Problem> {
        if self.keeps_kinds() {
            return Err(Problem::Overwrite("a directory"));
        }
        self.clear(parent, path)?;
        make_directory(parent.change(), path.name())
            .and_then(|directory| {
                if self.destination.is_none() {
                    // The replaced file hid everything at this path in lower layers.
                    set_opaque(directory.as_fd())?;
                }
                Ok(directory)
            })
            .map_err(during("creating it"))
    }

    fn leave_out_device(&mut self, entry: &Entry, path: &EntryPath) {
        self.warnings().add(Warning::Device, &entry.name);
        self.devices.insert(path.bytes().to_vec());
    }

    /// Creates a hard link to the file of an earlier entry. That file keeps its metadata. A link to a device is left
    /// out like the device.
    fn hard_link(&mut self, entry: &Entry, target: &[u8], path: &EntryPath) -> Result<(), Problem> {
        let target_path = match &self.destination {
            None => EntryPath::parse(target)?,
            Some(destination) => destination.path(target)?,
        };
        if target_path.bytes().is_empty() {
            return Err(Problem::DirectoryTarget(target.to_vec()));
        }
        match self.link(target, &target_path, path) {
            Err(Problem::NoTarget(_)) if self.devices.contains(target_path.bytes()) => {
                self.leave_out_device(entry, path);
                Ok(())
            }
            linked => linked,
        }
    }

    fn link(
        &mut self,
        target: &[u8],
        target_path: &EntryPath,
        path: &EntryPath,
    ) -> Result<(), Problem> {
        let missing = || Problem::NoTarget(target.to_vec());
        let from = match self.directories.open_existing(target_path.parent()) {
            Ok(directory) => directory,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Err(missing()),
            Err(errno) => return Err(during("opening its target's directory")(errno)),
        };
        match Existing::at(from.as_fd(), target_path.name()).map_err(during("examining it"))? {
            Existing::Nothing | Existing::Whiteout => return Err(missing()),
            Existing::Directory => return Err(Problem::DirectoryTarget(target.to_vec())),
            Existing::Symlink | Existing::Other => {}
        }
        let parent = self.parent(path)?;
        if same_file(&from, target_path.name(), &parent, path.name()) {
            return Ok(());
        }
        drop(parent);
        self.create(path, "linking it", |parent, name| {
            linkat(&from, target_path.name(), parent, name, AtFlags::empty())
        })
        .map_err(|problem| match problem {
            // The target was in the directory that the link replaced.
            Problem::System {
                errno: Errno::NOENT,
                ..
            } => missing(),
            problem => problem,
        })?;
        Ok(())
    }

    fn symlink(&mut self, entry: &Entry, target: &[u8], path: &EntryPath) -> Result<(), Problem> {
        if target.is_empty() || target.len() > MAX_PATH {
            return Err(Problem::LinkLength(MAX_PATH));
        }
        let owner = self.metadata.link_owner(entry)?;
        let (parent, ()) = self.create(path, "creating it", |parent, name| {
            symlinkat(target, parent, name)
        })?;
        self.metadata.apply_to_link(&parent, path, entry, owner)
    }

    fn fifo(&mut self, entry: &Entry, path: &EntryPath) -> Result<(), Problem> {
        let (parent, fifo) = self.create(path, "creating it", |parent, name| {
            mknodat(parent, name, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
            // Opening for reading succeeds without a writer because of O_NONBLOCK.
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(parent, name, flags, Mode::empty())
        })?;
        self.metadata
            .apply(fifo.as_fd(), path.bytes(), entry, parent.set_gid)
    }

    /// Runs `make`. If the name exists, deletes it and runs `make` again.
    fn create<T>(
        &mut self,
        path: &EntryPath,
        action: &'static str,
        make: impl Fn(BorrowedFd<'_>, &[u8]) -> Result<T, Errno>,
    ) -> Result<(Rc<Directory>, T), Problem> {
        let parent = self.parent(path)?;
        let made = match make(parent.change(), path.name()) {
            Err(Errno::EXIST) => {
                self.clear(&parent, path)?;
                make(parent.change(), path.name())
            }
            result => result,
        };
        Ok((parent, made.map_err(during(action))?))
    }

    fn parent(&mut self, path: &EntryPath) -> Result<Rc<Directory>, Problem> {
        self.directories
            .get(path.parent(), Links::Follow)?
            .ok_or_else(|| Problem::NotDirectory(path.parent().to_vec()))
    }

    /// Deletes the file that an earlier entry created at `path`.
    fn clear(&mut self, parent: &Directory, path: &EntryPath) -> Result<(), Problem> {
        let action = "replacing an earlier entry";
        match Existing::at(parent.fd(), path.name()).map_err(during(action))? {
            Existing::Directory if self.keeps_kinds() => {
                Err(Problem::Overwrite("a file that is not a directory"))
            }
            Existing::Directory | Existing::Symlink => {
                // Open directories may have been reached through the name.
                self.directories.close()?;
                Ok(remove_tree(parent.change(), path.name())?)
            }
            _ => unlinkat(parent.change(), path.name(), AtFlags::empty()).map_err(during(action)),
        }
    }

    fn keeps_kinds(&self) -> bool {
        self.destination
            .as_ref()
            .is_some_and(|destination| destination.keep_kinds)
    }
}

/// Reports whether a name in `parent` and a name in `from` are the same file.
fn same_file(from: &OwnedFd, target: &[u8], parent: &Directory, name: &[u8]) -> bool {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    match (
        statat(from, target, flags),
        statat(parent.fd(), name, flags),
    ) {
        (Ok(one), Ok(other)) => one.st_ino == other.st_ino,
        _ => false,
    }
}
