//! `COPY` and `ADD`: files of trees into a container's root.
//!
//! Both sides may be hostile. Sources are opened below their tree's root; targets are resolved as the container's
//! own processes would see them, and below a directory that was copied no link is followed at all.

use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Seek;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use protocol::failure::Failure;
use protocol::work::{Copy, UnpackLimits};
use protocol::zygote::Mapping;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat, chmodat, fstat, ftruncate, linkat,
    mkdirat, mknodat, openat, openat2, readlinkat, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use super::describe::{Look, own};
use super::mode::Change;
use super::probe::is_archive;
use super::read::attributes;
use super::write::directory_of;
use super::{failed, refused};
use crate::archive::Reader;
use crate::extract::{Extractor, Place};
use crate::names::names;
use crate::store::{DIRECTORY, retry};
use crate::stream;
use crate::unpack::UnpackError;

/// What is copied from where, and how.
pub struct Sources<'a> {
    /// The opened root of each copy's tree.
    pub roots: Vec<BorrowedFd<'a>>,
    pub copies: &'a [Copy],
    /// None where each file keeps its own.
    pub owner: Option<(u32, u32)>,
    /// The same for what is unpacked from archives.
    pub archive_owner: Option<(u32, u32)>,
    pub mode: Option<&'a str>,
    pub mapping: &'a Mapping,
}

/// Copies everything, in order.
pub fn transfer(root: BorrowedFd<'_>, sources: &Sources<'_>) -> Result<(), Failure> {
    let mut copier = Copier {
        root,
        look: Look {
            owner: sources.owner,
            mode: sources.mode.map(Change::parse).transpose()?,
        },
        archive_owner: sources.archive_owner,
        mapping: sources.mapping,
        linked: HashMap::new(),
    };
    for (copy, tree) in sources.copies.iter().zip(&sources.roots) {
        copier.copy(*tree, copy)?;
    }
    Ok(())
}

struct Copier<'r> {
    root: BorrowedFd<'r>,
    look: Look,
    archive_owner: Option<(u32, u32)>,
    mapping: &'r Mapping,
    /// Where the first name of a file with several went.
    linked: HashMap<(u64, u64), (Rc<OwnedFd>, CString)>,
}

const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

impl Copier<'_> {
    fn copy(&mut self, tree: BorrowedFd<'_>, copy: &Copy) -> Result<(), Failure> {
        self.linked.clear();
        let source = resolve(tree, &copy.source, OFlags::PATH)
            .map_err(|errno| refused(&copy.source, errno))?;
        let at_source = |errno| refused(&copy.source, errno);
        let status = fstat(&source).map_err(at_source)?;
        if FileType::from_raw_mode(status.st_mode).is_dir() {
            let target = Rc::new(self.ensure(&copy.target)?);
            let source = openat(&source, ".", DIRECTORY, Mode::empty()).map_err(at_source)?;
            let skip = copy.skip.iter().map(String::as_str).collect();
            return self.content(&source, &target, "", &skip);
        }
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let source = resolve(tree, &copy.source, flags).map_err(at_source)?;
        if copy.unpack && self.unpack(&source, &copy.target)? {
            return Ok(());
        }
        let name = copy.source.rsplit('/').find(|part| !part.is_empty());
        self.file_to(source, &status, name.unwrap_or_default(), &copy.target)
    }

    /// A file to where the request says, which may be a directory or a link.
    fn file_to(
        &mut self,
        source: OwnedFd,
        status: &Stat,
        own_name: &str,
        target: &str,
    ) -> Result<(), Failure> {
        let at_target = |errno| refused(target, errno);
        let existing = match resolve(self.root, target, OFlags::PATH) {
            Ok(found) => {
                let mode = fstat(&found).map_err(at_target)?.st_mode;
                Some(FileType::from_raw_mode(mode))
            }
            Err(Errno::NOENT) => None,
            Err(errno) => return Err(at_target(errno)),
        };
        let (directory, name) = match (existing, target.rsplit_once('/')) {
            (Some(FileType::Directory), _) => (self.ensure(target)?, own_name),
            (None, Some((_, ""))) => (self.ensure(target)?, own_name),
            (_, Some((parent, name))) => (self.ensure(parent)?, name),
            (_, None) => (self.ensure("/")?, target),
        };
        let name = c_string(name)?;
        let is_link = matches!(
            statat(&directory, &name, AtFlags::SYMLINK_NOFOLLOW),
            Ok(found) if FileType::from_raw_mode(found.st_mode).is_symlink()
        );
        if existing.is_some_and(|kind| kind != FileType::Directory) && is_link {
            // What the link leads to gets the content; the link stays.
            let flags = OFlags::WRONLY | OFlags::NONBLOCK;
            let file = resolve(self.root, target, flags).map_err(at_target)?;
            ftruncate(&file, 0).map_err(at_target)?;
            return self
                .fill(source, file, status)
                .map_err(|error| broken(target, &error));
        }
        self.file(source, status, &directory, &name, target)
    }

    /// Opens a directory of the container's root, making what is missing of it.
    fn ensure(&self, path: &str) -> Result<OwnedFd, Failure> {
        let at = |errno| refused(path, errno);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let mut done = String::from("/");
        for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
            let parent = resolve(self.root, &done, flags).map_err(at)?;
            done = format!("{done}{part}/");
            match resolve(self.root, &done, OFlags::PATH) {
                Err(Errno::NOENT) if part != ".." => {}
                Ok(_) => continue,
                Err(errno) => return Err(at(errno)),
            }
            mkdirat(&parent, part, Mode::from_raw_mode(0o755)).map_err(at)?;
            if let Some((uid, gid)) = self.look.owner.filter(|owner| *owner != (0, 0)) {
                let made = openat(&parent, part, DIRECTORY, Mode::empty()).map_err(at)?;
                own(&made, uid, gid).map_err(at)?;
            }
        }
        resolve(self.root, &done, flags).map_err(at)
    }

    fn content(
        &mut self,
        source: &OwnedFd,
        target: &Rc<OwnedFd>,
        path: &str,
        skip: &HashSet<&str>,
    ) -> Result<(), Failure> {
        for name in names(source.as_fd()).map_err(|errno| refused(path, errno))? {
            let text = name.to_string_lossy();
            let path = format!("{path}{text}");
            if skip.contains(path.as_str()) {
                continue;
            }
            let at = |errno| refused(&path, errno);
            let status = statat(source, &name, AtFlags::SYMLINK_NOFOLLOW).map_err(at)?;
            match FileType::from_raw_mode(status.st_mode) {
                FileType::Directory => {
                    self.directory(source, target, &name, &status, &path, skip)?;
                }
                FileType::RegularFile => {
                    let file = openat(source, &name, READ, Mode::empty()).map_err(at)?;
                    self.shared_file(file, &status, target, &name, &path)?;
                }
                FileType::Symlink => {
                    let link = readlinkat(source, &name, Vec::new()).map_err(at)?;
                    self.clear(target, &name, &path)?;
                    symlinkat(&link, target.as_ref(), &name).map_err(at)?;
                    self.look
                        .describe_link(target, &name, &status)
                        .map_err(at)?;
                }
                FileType::Fifo => {
                    self.clear(target, &name, &path)?;
                    let mode = Mode::from_raw_mode(0o600);
                    mknodat(target.as_ref(), &name, FileType::Fifo, mode, 0).map_err(at)?;
                    self.look
                        .describe_link(target, &name, &status)
                        .map_err(at)?;
                    let mode = Mode::from_raw_mode(self.look.mode_of(&status));
                    chmodat(target.as_ref(), &name, mode, AtFlags::empty()).map_err(at)?;
                }
                // It is nothing without the program behind it.
                FileType::Socket => {}
                _ => {
                    return Err(failed(
                        &path,
                        "a device cannot be copied",
                        Some(Errno::PERM),
                    ));
                }
            }
        }
        Ok(())
    }

    fn directory(
        &mut self,
        source: &OwnedFd,
        target: &Rc<OwnedFd>,
        name: &CStr,
        status: &Stat,
        path: &str,
        skip: &HashSet<&str>,
    ) -> Result<(), Failure> {
        let at = |errno| refused(path, errno);
        let below = openat(source, name, DIRECTORY, Mode::empty()).map_err(at)?;
        // Open to its owner while it is filled.
        let new = match mkdirat(target.as_ref(), name, Mode::from_raw_mode(0o700)) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(errno) => return Err(at(errno)),
        };
        let made = match openat(target.as_ref(), name, DIRECTORY, Mode::empty()) {
            Err(Errno::NOTDIR | Errno::LOOP) => {
                return Err(failed(
                    path,
                    "cannot copy to non-directory",
                    Some(Errno::NOTDIR),
                ));
            }
            opened => Rc::new(opened.map_err(at)?),
        };
        self.content(&below, &made, &format!("{path}/"), skip)?;
        if new {
            self.look
                .describe(&made, &attributes(&below), status)
                .map_err(at)?;
        }
        Ok(())
    }

    /// A file that may have several names, of which the first is copied and the others are links again.
    fn shared_file(
        &mut self,
        source: OwnedFd,
        status: &Stat,
        target: &Rc<OwnedFd>,
        name: &CStr,
        path: &str,
    ) -> Result<(), Failure> {
        let identity = (status.st_dev, status.st_ino);
        if status.st_nlink > 1 {
            if let Some((directory, first)) = self.linked.get(&identity) {
                let (directory, first) = (Rc::clone(directory), first.clone());
                self.clear(target, name, path)?;
                return linkat(
                    directory.as_ref(),
                    &first,
                    target.as_ref(),
                    name,
                    AtFlags::empty(),
                )
                .map_err(|errno| refused(path, errno));
            }
            let place = (Rc::clone(target), name.to_owned());
            self.linked.insert(identity, place);
        }
        self.file(source, status, target, name, path)
    }

    fn file(
        &self,
        source: OwnedFd,
        status: &Stat,
        target: &OwnedFd,
        name: &CStr,
        path: &str,
    ) -> Result<(), Failure> {
        self.clear(target, name, path)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat(target, name, flags, Mode::from_raw_mode(0o600))
            .map_err(|errno| refused(path, errno))?;
        self.fill(source, file, status)
            .map_err(|error| broken(path, &error))
    }

    fn fill(&self, source: OwnedFd, file: OwnedFd, status: &Stat) -> std::io::Result<()> {
        let found = attributes(&source);
        let mut from = File::from(source);
        let mut to = File::from(file);
        std::io::copy(&mut from, &mut to)?;
        self.look.describe(&OwnedFd::from(to), &found, status)?;
        Ok(())
    }

    /// Makes room for a new name. A directory never gives way to something else.
    fn clear(&self, target: &OwnedFd, name: &CStr, path: &str) -> Result<(), Failure> {
        match unlinkat(target, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::ISDIR) => Err(failed(
                path,
                "cannot replace a directory with a file",
                Some(Errno::ISDIR),
            )),
            Err(errno) => Err(refused(path, errno)),
        }
    }

    /// Whether it was an archive.
    fn unpack(&self, source: &OwnedFd, target: &str) -> Result<bool, Failure> {
        let again = source.try_clone().map_err(|error| broken(target, &error))?;
        let mut file = File::from(again);
        let archive = is_archive(&mut file).map_err(|error| broken(target, &error))?;
        file.rewind().map_err(|error| broken(target, &error))?;
        if !archive {
            return Ok(false);
        }
        drop(self.ensure(target)?);
        let directory = directory_of(self.root, target).map_err(|errno| refused(target, errno))?;
        let place = Place {
            directory,
            keep_kinds: false,
        };
        let limits = UnpackLimits {
            bytes: u64::MAX,
            entries: u64::MAX,
        };
        stream::read(OwnedFd::from(file), limits.bytes, &mut |_| {}, |chunks| {
            let mut archive = Reader::new(chunks);
            let mut extractor = Extractor::new(self.root, self.mapping, limits).into_place(place);
            if let Some(owner) = self.archive_owner {
                extractor = extractor.owned_by(owner, self.mapping);
            }
            while let Some(entry) = archive.next()? {
                extractor.add(entry, &mut archive)?;
            }
            extractor.finish()?;
            Ok::<_, UnpackError>(())
        })
        .map_err(Failure::from)?;
        Ok(true)
    }
}

fn resolve(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { "/" } else { path };
    let how = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    retry(|| openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), how))
}

fn c_string(name: &str) -> Result<CString, Failure> {
    CString::new(name).map_err(|_| refused(name, Errno::INVAL))
}

fn broken(path: &str, error: &std::io::Error) -> Failure {
    failed(path, &error.to_string(), Errno::from_io_error(error))
}
