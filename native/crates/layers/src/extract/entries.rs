//! Creating one entry after another.

use std::io::BufRead;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use protocol::work::UnpackLimits;
use protocol::zygote::Mapping;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Timespec, XattrFlags, chownat, fchmod, fchown, fsetxattr,
    ftruncate, linkat, mknodat, openat, statat, symlinkat, unlinkat, utimensat,
};
use rustix::io::{Errno, pwrite};
use rustix::process::{Gid, Uid};

use super::directories::{
    Directories, Directory, Through, make_directory, set_modified, set_opaque, timestamps,
};
use super::name::{MAX_PATH, Name, Path};
use super::owners::{Owner, Owners};
use super::warnings::{Warning, Warnings};
use super::{ExtractError, Problem, doing, whiteouts};
use crate::archive::{Attribute, Entry, Kind, Reader, Time};
use crate::remove;
use crate::store::{DIRECTORY, Existing};

/// In single-id mode: `uid:gid` of a file or directory that had to be root's.
const OWNER: &str = "user.tbox.owner";

/// What overlayfs and tbox read back from a tree, and so must never come from an archive.
const RESERVED_ATTRIBUTES: [&[u8]; 3] = [b"user.overlay.", b"trusted.overlay.", b"user.tbox."];

const DEFAULT_ACL: &[u8] = b"system.posix_acl_default";

/// Most bytes of default access lists remembered.
const MAX_INHERITED: usize = 16 * 1024 * 1024;

/// Where the entries of an archive go that is no layer: into a tree that is used as it is, and not as one of
/// several. A name that marks a deletion in a layer is a name like any other there.
#[derive(Debug, Clone)]
pub struct Place {
    /// Below the root; empty is the root itself.
    pub directory: Vec<u8>,
    /// A directory and something else never take each other's place.
    pub keep_kinds: bool,
}

impl Place {
    fn path(&self, raw: &[u8]) -> Result<Path, Problem> {
        let inside = Path::parse(raw)?;
        Path::parse(&[&self.directory, inside.bytes()].join(&b'/'))
    }
}

pub struct Extractor<'a> {
    place: Option<Place>,
    directories: Directories<'a>,
    owners: Owners<'a>,
    limits: UnpackLimits,
    warnings: Warnings,
    entries: u64,
    size: u64,
    /// Default access lists, by directory: set last, or the entries inside would inherit them.
    inherited: Vec<(Vec<u8>, Attribute)>,
    inherited_size: usize,
}

pub struct Extracted {
    pub entries: u64,
    /// Of all files together, holes included.
    pub size: u64,
    pub warnings: Vec<String>,
    pub owners_kept: bool,
}

impl<'a> Extractor<'a> {
    /// Unpacks into `root`, an empty directory.
    pub fn new(root: BorrowedFd<'a>, mapping: &'a Mapping, limits: UnpackLimits) -> Self {
        Self {
            place: None,
            directories: Directories::new(root),
            owners: Owners::new(mapping),
            limits,
            warnings: Warnings::default(),
            entries: 0,
            size: 0,
            inherited: Vec::new(),
            inherited_size: 0,
        }
    }

    /// Creates `entry`, whose data `archive` is about to give.
    /// For an archive that is no layer.
    pub fn into_place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Gives everything to one owner.
    pub fn owned_by(mut self, owner: (u32, u32), mapping: &'a Mapping) -> Self {
        self.owners = Owners::only(owner, mapping);
        self
    }

    pub fn add(
        &mut self,
        entry: Entry,
        archive: &mut Reader<impl BufRead>,
    ) -> Result<(), ExtractError> {
        self.entry(&entry, archive).map_err(|problem| ExtractError {
            name: entry.name,
            problem,
        })
    }

    /// To be called after the last entry.
    pub fn finish(mut self) -> Result<Extracted, ExtractError> {
        self.settle()
            .map_err(|(name, problem)| ExtractError { name, problem })?;
        Ok(Extracted {
            entries: self.entries,
            size: self.size,
            warnings: self.warnings.lines(),
            owners_kept: !self.warnings.has(Warning::Owner),
        })
    }

    fn settle(&mut self) -> Result<(), (Vec<u8>, Problem)> {
        for (path, attribute) in std::mem::take(&mut self.inherited) {
            // Replaced by a later entry since, if it is not there.
            if let Ok(Some(directory)) = self.directories.get(&path, Through::DirectoriesOnly) {
                self.attribute(directory.fd(), &path, &attribute)
                    .map_err(|problem| (path, problem))?;
            }
        }
        self.directories
            .close()
            .map_err(|problem| (Vec::new(), problem))
    }

    fn entry(&mut self, entry: &Entry, archive: &mut Reader<impl BufRead>) -> Result<(), Problem> {
        self.count(entry)?;
        let name = match &self.place {
            None => Name::parse(&entry.name)?,
            Some(place) => match place.path(&entry.name)? {
                path if path.bytes().is_empty() => Name::Root,
                path => Name::Plain(path),
            },
        };
        match name {
            Name::Root => self.root(entry),
            Name::Plain(path) => self.plain(entry, &path, archive),
            Name::Whiteout(path) => whiteouts::hide(&mut self.directories, &path),
            Name::Opaque(path) => whiteouts::hide_content(&mut self.directories, &path),
            Name::Ignored => {
                self.warnings.add(Warning::UnionFile, &entry.name);
                Ok(())
            }
        }
    }

    fn count(&mut self, entry: &Entry) -> Result<(), Problem> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(Problem::TooManyEntries(self.limits.entries));
        }
        // Holes take no room here, but do wherever the file is copied to.
        self.size = self.size.saturating_add(entry.size);
        if self.size > self.limits.bytes {
            return Err(Problem::TooLarge(self.limits.bytes));
        }
        Ok(())
    }

    fn root(&mut self, entry: &Entry) -> Result<(), Problem> {
        if entry.kind != Kind::Directory {
            return Err(Problem::RootKind);
        }
        self.directories.forget(b"")?;
        let root = self
            .directories
            .open_existing(b"")
            .map_err(doing("opening the layer's root"))?;
        self.describe(root.as_fd(), b"", entry, true)
    }

    fn plain(
        &mut self,
        entry: &Entry,
        path: &Path,
        archive: &mut Reader<impl BufRead>,
    ) -> Result<(), Problem> {
        match &entry.kind {
            Kind::Device => {
                self.warnings.add(Warning::Device, &entry.name);
                Ok(())
            }
            Kind::File => self.file(entry, path, archive),
            Kind::Directory => self.directory(entry, path),
            Kind::HardLink(target) => self.hard_link(target, path),
            Kind::Symlink(target) => self.symlink(entry, target, path),
            Kind::Fifo => self.fifo(entry, path),
        }
    }

    fn file(
        &mut self,
        entry: &Entry,
        path: &Path,
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
                write_at(file.as_fd(), piece, offset)?;
                offset += piece.len() as u64;
                written = offset;
                Ok::<_, Problem>(())
            })?;
        }
        if written < entry.size {
            ftruncate(&file, entry.size).map_err(doing("setting its size"))?;
        }
        self.describe(file.as_fd(), path.bytes(), entry, parent.set_gid)
    }

    /// An existing directory keeps its content; anything else at the name goes.
    fn directory(&mut self, entry: &Entry, path: &Path) -> Result<(), Problem> {
        let action = "creating it";
        let parent = self.parent(path)?;
        let directory = match make_directory(parent.change(), path.name()) {
            Err(Errno::EXIST) => {
                let existing = Existing::at(parent.fd(), path.name()).map_err(doing(action))?;
                if existing == Existing::Directory {
                    self.directories.forget(path.bytes())?;
                    openat(parent.fd(), path.name(), DIRECTORY, Mode::empty())
                        .map_err(doing("opening it"))?
                } else {
                    if self.keeps_kinds() {
                        return Err(Problem::Overwrite("a directory"));
                    }
                    self.clear(&parent, path)?;
                    let directory = make_directory(parent.change(), path.name());
                    let directory = directory.map_err(doing(action))?;
                    if self.place.is_none() {
                        // What it replaces hid a directory of lower layers as a whole.
                        set_opaque(directory.as_fd()).map_err(doing(action))?;
                    }
                    directory
                }
            }
            result => result.map_err(doing(action))?,
        };
        self.describe(directory.as_fd(), path.bytes(), entry, true)?;
        self.directories
            .keep(directory, path.bytes(), parent.through_link)?;
        Ok(())
    }

    /// The target must be there already. Its attributes are those of its own entry.
    fn hard_link(&mut self, target: &[u8], path: &Path) -> Result<(), Problem> {
        let missing = || Problem::NoTarget(target.to_vec());
        let target_path = match &self.place {
            None => Path::parse(target)?,
            Some(place) => place.path(target)?,
        };
        if target_path.bytes().is_empty() {
            return Err(Problem::DirectoryTarget(target.to_vec()));
        }
        let from = match self.directories.open_existing(target_path.parent()) {
            Ok(directory) => directory,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Err(missing()),
            Err(errno) => return Err(doing("opening its target's directory")(errno)),
        };
        match Existing::at(from.as_fd(), target_path.name()).map_err(doing("examining it"))? {
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
            // It lay in the directory that made room for the link.
            Problem::System {
                errno: Errno::NOENT,
                ..
            } => missing(),
            problem => problem,
        })?;
        Ok(())
    }

    fn symlink(&mut self, entry: &Entry, target: &[u8], path: &Path) -> Result<(), Problem> {
        if target.is_empty() || target.len() > MAX_PATH {
            return Err(Problem::LinkLength(MAX_PATH));
        }
        let owner = self.owners.find(entry.uid, entry.gid)?;
        let (parent, ()) = self.create(path, "creating it", |parent, name| {
            symlinkat(target, parent, name)
        })?;
        match owner {
            Owner::Ids { uid, gid } => {
                if (uid, gid) != (0, 0) || parent.set_gid {
                    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
                    let flags = AtFlags::SYMLINK_NOFOLLOW;
                    chownat(parent.fd(), path.name(), uid, gid, flags)
                        .map_err(doing("setting its owner"))?;
                }
            }
            // Links cannot have attributes of the user's.
            Owner::Noted { .. } => self.warnings.add(Warning::Owner, &entry.name),
        }
        for attribute in &entry.attributes {
            let warning = if is_reserved(attribute) {
                Warning::OverlayAttribute
            } else {
                Warning::Attribute
            };
            self.warnings.add(warning, &entry.name);
        }
        let times = timestamps(timespec(entry.modified));
        utimensat(parent.fd(), path.name(), &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(doing("setting its time"))
    }

    fn fifo(&mut self, entry: &Entry, path: &Path) -> Result<(), Problem> {
        let (parent, fifo) = self.create(path, "creating it", |parent, name| {
            mknodat(parent, name, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
            // Opening for reading without waiting for a writer always succeeds.
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(parent, name, flags, Mode::empty())
        })?;
        self.describe(fifo.as_fd(), path.bytes(), entry, parent.set_gid)
    }

    /// Runs `make`, once more if something was in the way and had to be deleted.
    fn create<T>(
        &mut self,
        path: &Path,
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
        Ok((parent, made.map_err(doing(action))?))
    }

    fn parent(&mut self, path: &Path) -> Result<Rc<Directory>, Problem> {
        self.directories
            .get(path.parent(), Through::Links)?
            .ok_or_else(|| Problem::NotDirectory(path.parent().to_vec()))
    }

    /// Deletes what an earlier entry of this layer left at `path`.
    fn clear(&mut self, parent: &Directory, path: &Path) -> Result<(), Problem> {
        let failed = "replacing an earlier entry";
        match Existing::at(parent.fd(), path.name()).map_err(doing(failed))? {
            Existing::Directory if self.keeps_kinds() => {
                Err(Problem::Overwrite("something else than a directory"))
            }
            Existing::Directory | Existing::Symlink => {
                // Open directories may have been reached through it.
                self.directories.close()?;
                Ok(remove::tree(parent.change(), path.name())?)
            }
            _ => unlinkat(parent.change(), path.name(), AtFlags::empty()).map_err(doing(failed)),
        }
    }

    fn keeps_kinds(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.keep_kinds)
    }

    /// Sets owner, mode, attributes and time, in this order: a new owner clears set-id bits and
    /// capabilities.
    fn describe(
        &mut self,
        fd: BorrowedFd<'_>,
        path: &[u8],
        entry: &Entry,
        other_group: bool,
    ) -> Result<(), Problem> {
        match self.owners.find(entry.uid, entry.gid)? {
            Owner::Ids { uid, gid } => {
                if (uid, gid) != (0, 0) || other_group {
                    fchown(fd, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
                        .map_err(doing("setting its owner"))?;
                }
            }
            Owner::Noted { uid, gid } => {
                self.warnings.add(Warning::Owner, &entry.name);
                let note = Attribute {
                    name: OWNER.into(),
                    value: format!("{uid}:{gid}").into_bytes(),
                };
                self.attribute(fd, &entry.name, &note)?;
            }
        }
        fchmod(fd, Mode::from_raw_mode(entry.mode)).map_err(doing("setting its mode"))?;
        for attribute in &entry.attributes {
            if is_reserved(attribute) {
                self.warnings.add(Warning::OverlayAttribute, &entry.name);
            } else if attribute.name == DEFAULT_ACL && entry.kind == Kind::Directory {
                self.inherit(path, attribute)?;
            } else {
                self.attribute(fd, &entry.name, attribute)?;
            }
        }
        set_modified(fd, timespec(entry.modified)).map_err(doing("setting its time"))
    }

    fn inherit(&mut self, path: &[u8], attribute: &Attribute) -> Result<(), Problem> {
        self.inherited_size += path.len() + attribute.value.len();
        if self.inherited_size > MAX_INHERITED {
            return Err(Problem::AttributeSize(attribute.name.clone()));
        }
        self.inherited.push((path.to_vec(), attribute.clone()));
        Ok(())
    }

    /// Attributes of the user's must be kept; the system's are where the kernel lets a user set them.
    fn attribute(
        &mut self,
        fd: BorrowedFd<'_>,
        entry: &[u8],
        attribute: &Attribute,
    ) -> Result<(), Problem> {
        let name = attribute.name.clone();
        match fsetxattr(fd, &name, &attribute.value, XattrFlags::empty()) {
            Ok(()) => Ok(()),
            Err(Errno::TOOBIG | Errno::RANGE) => Err(Problem::AttributeSize(name)),
            Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::IO)) => {
                Err(Problem::Attribute { name, errno })
            }
            Err(errno)
                if name.starts_with(b"user.")
                    && ![Errno::OPNOTSUPP, Errno::PERM].contains(&errno) =>
            {
                Err(Problem::Attribute { name, errno })
            }
            Err(_) => {
                self.warnings.add(Warning::Attribute, entry);
                Ok(())
            }
        }
    }
}

fn is_reserved(attribute: &Attribute) -> bool {
    RESERVED_ATTRIBUTES
        .iter()
        .any(|prefix| attribute.name.starts_with(prefix))
}

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

fn write_at(file: BorrowedFd<'_>, mut piece: &[u8], mut offset: u64) -> Result<(), Problem> {
    while !piece.is_empty() {
        match pwrite(file, piece, offset) {
            Ok(count) => {
                piece = &piece[count..];
                offset += count as u64;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(doing("writing it")(errno)),
        }
    }
    Ok(())
}

fn timespec(time: Time) -> Timespec {
    Timespec {
        tv_sec: time.seconds,
        tv_nsec: time.nanoseconds.into(),
    }
}
