//! Writing the files of a tree as entries.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Stat, StatxFlags, readlinkat, statat, statx};
use rustix::io::Errno;
use tar::{Builder, EntryType};
use walk::{Entry, Identity, Step, Walk, WalkError};

use super::counts::Counts;
use super::error::PackError;
use super::header::EntryHeader;
use super::read_ahead::{Ahead, Part, SmallFile, append, open_file, pack_files};
use crate::metadata::portable_attributes;
use crate::overlay::{is_opaque, is_whiteout};
use crate::parallel::with_pool;

/// Bytes collected before they are written.
const BUFFER: usize = 256 * 1024;

/// Treatment of mounts in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mounts {
    /// Archive a mount point without its content.
    Exclude,
    Include,
}

/// Writes the file or tree at `name` in `parent`. Its entries have names that begin with `label`.
pub fn pack_tree(
    parent: OwnedFd,
    name: &str,
    label: &str,
    mounts: Mounts,
    output: OwnedFd,
) -> Result<(), PackError> {
    let mut archive = TreeArchive::of_files(parent.as_fd(), mounts, output)?;
    let name = CString::new(name).map_err(|_| PackError::at(name.as_bytes())(Errno::INVAL))?;
    let status = statat(&parent, &name, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(PackError::at(label.as_bytes()))?;
    let entry = Entry {
        parent: Arc::new(parent),
        name,
        status,
    };
    if let Some(directory) = archive.add(&entry, label.as_bytes())? {
        archive.add_below(directory.as_fd(), &[label.as_bytes(), b"/"].concat())?;
    }
    archive.builder.into_inner()?.flush()?;
    Ok(())
}

/// Writes everything below the root of a file system, without the content of other mounts. The names of the entries are
/// relative to the root.
pub fn pack_contents(root: BorrowedFd<'_>, output: OwnedFd) -> Result<(), PackError> {
    let mut archive = TreeArchive::of_files(root, Mounts::Exclude, output)?;
    archive.add_below(root, b"")?;
    archive.builder.into_inner()?.flush()?;
    Ok(())
}

/// Writes the upper directory of an overlay as a layer. Returns `output`, flushed. Threads read small files ahead.
pub fn pack_upper<W: Write>(
    directory: BorrowedFd<'_>,
    output: W,
) -> Result<(W, Counts), PackError> {
    with_pool(pack_files, |pool| {
        let mut archive = TreeArchive {
            builder: Builder::new(output),
            linked: HashMap::new(),
            mount: None,
            layer: true,
            counts: Counts::default(),
            ahead: Some(Ahead::new(pool)),
        };
        archive.add_below(directory, b"")?;
        archive.settle(0)?;
        let mut output = archive.builder.into_inner()?;
        output.flush()?;
        Ok((output, archive.counts))
    })
}

struct TreeArchive<'a, W: Write> {
    builder: Builder<W>,
    /// First names of the files with several links.
    linked: HashMap<Identity, Vec<u8>>,
    /// The only mount whose files are archived.
    mount: Option<u64>,
    /// Whether overlayfs's marks are written as whiteouts of a layer (OCI image-spec, layer.md).
    layer: bool,
    counts: Counts,
    /// Entries before the builder's next one, if threads read files ahead.
    ahead: Option<Ahead<'a>>,
}

impl TreeArchive<'_, BufWriter<File>> {
    fn of_files(top: BorrowedFd<'_>, mounts: Mounts, output: OwnedFd) -> Result<Self, PackError> {
        let mount = match mounts {
            Mounts::Exclude => Some(mount_of(top).map_err(PackError::at(b"."))?),
            Mounts::Include => None,
        };
        Ok(Self {
            builder: Builder::new(BufWriter::with_capacity(BUFFER, File::from(output))),
            linked: HashMap::new(),
            mount,
            layer: false,
            counts: Counts::default(),
            ahead: None,
        })
    }
}

impl<W: Write> TreeArchive<'_, W> {
    /// Adds everything below a directory. `prefix` precedes the names; it is empty or ends with a slash.
    fn add_below(&mut self, top: BorrowedFd<'_>, prefix: &[u8]) -> Result<(), PackError> {
        let failed = |WalkError { path, errno }| PackError::at(&[prefix, &path].concat())(errno);
        let mut walk = Walk::sorted(top).map_err(failed)?;
        while let Some(step) = walk.step().map_err(failed)? {
            if let Step::Entry(entry) = step {
                let path = [prefix, walk.path()].concat();
                if let Some(directory) = self.add(&entry, &path)? {
                    walk.enter_opened(&entry, directory).map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// Adds one entry. If the entry is a directory whose entries must be added next, returns it.
    fn add(&mut self, entry: &Entry, path: &[u8]) -> Result<Option<OwnedFd>, PackError> {
        let status = &entry.status;
        if self.layer && is_whiteout(status) {
            // The kernel creates whiteouts as links of one file: each of them must be an entry, not a link.
            self.add_whiteout(path, &entry.name)?;
            return Ok(None);
        }
        let kind = match entry.kind() {
            FileType::Directory => return self.add_directory(entry, path),
            // A socket has no meaning without its process.
            FileType::Socket | FileType::Unknown => return Ok(None),
            kind => kind,
        };
        if status.st_nlink > 1
            && let Some(first) = self.linked.get(&entry.identity())
        {
            let mut header = EntryHeader::new(path, EntryType::Link, status, 0)?;
            header.set_link(first);
            self.append(header)?;
            return Ok(None);
        }
        let added = match kind {
            FileType::RegularFile => self.add_file(entry, path)?,
            FileType::Symlink => self.add_symlink(entry, path)?,
            FileType::Fifo => self.add_special(path, EntryType::Fifo, status)?,
            FileType::CharacterDevice => self.add_special(path, EntryType::Char, status)?,
            _ => self.add_special(path, EntryType::Block, status)?,
        };
        if added && status.st_nlink > 1 {
            self.linked.insert(entry.identity(), path.to_vec());
        }
        Ok(None)
    }

    fn add_directory(&mut self, entry: &Entry, path: &[u8]) -> Result<Option<OwnedFd>, PackError> {
        let Some(directory) = entry.open_directory().map_err(PackError::at(path))? else {
            return Ok(None);
        };
        let path = [path, b"/"].concat();
        let mut header = EntryHeader::new(&path, EntryType::Directory, &entry.status, 0)?;
        header.set_attributes(portable_attributes(&directory));
        self.append(header)?;
        if let Some(mount) = self.mount
            && mount_of(directory.as_fd()).map_err(PackError::at(&path))? != mount
        {
            return Ok(None);
        }
        if self.layer && is_opaque(directory.as_fd()) {
            self.add_whiteout(&path, c".wh..opq")?;
        }
        Ok(Some(directory))
    }

    /// Adds a regular file. Returns false if the file has disappeared: a container may run meanwhile.
    fn add_file(&mut self, entry: &Entry, path: &[u8]) -> Result<bool, PackError> {
        if let Some(ahead) = &mut self.ahead
            && ahead.takes(&entry.status)
        {
            ahead.push(Part::File(SmallFile {
                entry: entry.clone(),
                path: path.to_vec(),
            }));
            let depth = ahead.depth();
            return self.settle(depth).map(|()| true);
        }
        self.settle(0)?;
        match open_file(entry, path)? {
            Some((header, data)) => {
                append(&mut self.builder, &mut self.counts, header, Some(data))?
            }
            None => return Ok(false),
        }
        Ok(true)
    }

    /// Writes the entries that are ready, until at most a number of jobs is left.
    fn settle(&mut self, most: usize) -> Result<(), PackError> {
        let Some(ahead) = &mut self.ahead else {
            return Ok(());
        };
        if most == 0 {
            ahead.submit();
        }
        while let Some(packed) = ahead.take(most) {
            let (bytes, counts) = packed?;
            self.builder.get_mut().write_all(&bytes)?;
            self.counts.entries += counts.entries;
            self.counts.size += counts.size;
        }
        Ok(())
    }

    fn add_symlink(&mut self, entry: &Entry, path: &[u8]) -> Result<bool, PackError> {
        let target = match readlinkat(&entry.parent, &entry.name, Vec::new()) {
            Ok(target) => target,
            Err(Errno::NOENT) => return Ok(false),
            Err(errno) => return Err(PackError::at(path)(errno)),
        };
        let mut header = EntryHeader::new(path, EntryType::Symlink, &entry.status, 0)?;
        header.set_link(target.as_bytes());
        self.append(header)?;
        Ok(true)
    }

    fn add_special(
        &mut self,
        path: &[u8],
        kind: EntryType,
        status: &Stat,
    ) -> Result<bool, PackError> {
        self.append(EntryHeader::new(path, kind, status, 0)?)?;
        Ok(true)
    }

    /// Adds an empty file that hides `name` in lower layers. With the name of an opaque mark, it hides everything in
    /// the directory.
    fn add_whiteout(&mut self, path: &[u8], name: &CStr) -> Result<(), PackError> {
        let parent = path.len() - path.iter().rev().take_while(|byte| **byte != b'/').count();
        let whiteout = [&path[..parent], b".wh.", name.to_bytes()].concat();
        self.append(EntryHeader::whiteout(&whiteout))
    }

    /// Appends an entry without content.
    fn append(&mut self, entry: EntryHeader) -> Result<(), PackError> {
        match &mut self.ahead {
            Some(ahead) => {
                ahead.push(Part::Entry(Box::new(entry)));
                let depth = ahead.depth();
                self.settle(depth)
            }
            None => append(&mut self.builder, &mut self.counts, entry, None),
        }
    }
}

/// Returns the number of the mount that a file belongs to.
fn mount_of(file: BorrowedFd<'_>) -> Result<u64, Errno> {
    let found = statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    Ok(found.stx_mnt_id)
}
