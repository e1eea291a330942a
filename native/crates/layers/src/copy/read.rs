//! A tree as a tar.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Stat, StatxFlags, fgetxattr, flistxattr, openat, readlinkat,
    statat, statx,
};
use rustix::io::Errno;
use tar::{Builder, EntryType, Header};

use crate::extract::OPAQUE;
use crate::names::names;

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{}: {errno}", String::from_utf8_lossy(name))]
    System { name: Vec<u8>, errno: Errno },
    #[error("write the archive: {0}")]
    Write(#[from] std::io::Error),
}

impl ReadError {
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Self::System { errno, .. } => Some(*errno),
            Self::Write(error) => Errno::from_io_error(error),
        }
    }
}

/// How far a tree reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What is mounted below is left out, but for the directory it is mounted on.
    OneMount,
    Everything,
}

/// Writes what `name` is in `parent`, and what is below it, under the name `label`.
pub fn tree(
    parent: &OwnedFd,
    name: &str,
    label: &str,
    extent: Extent,
    output: OwnedFd,
) -> Result<(), ReadError> {
    let name = CString::new(name).map_err(|_| at(name.as_bytes(), Errno::INVAL))?;
    let mut writer = plain(parent.as_fd(), extent, output)?;
    let status = statat(parent, &name, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|errno| at(label.as_bytes(), errno))?;
    writer.entry(parent, &name, &status, label.as_bytes().to_vec())?;
    writer.builder.into_inner()?.flush()?;
    Ok(())
}

/// Writes what is below the root of a file system, and not mounted there, by names that begin below it.
pub fn contents(root: BorrowedFd<'_>, output: OwnedFd) -> Result<(), ReadError> {
    let flags = OPEN | OFlags::DIRECTORY;
    let root = openat(root, ".", flags, Mode::empty()).map_err(|errno| at(b".", errno))?;
    let mut writer = plain(root.as_fd(), Extent::OneMount, output)?;
    writer.children(&root, b"")?;
    writer.builder.into_inner()?.flush()?;
    Ok(())
}

fn plain(
    place: BorrowedFd<'_>,
    extent: Extent,
    output: OwnedFd,
) -> Result<Writer<BufWriter<File>>, ReadError> {
    Ok(Writer {
        builder: Builder::new(BufWriter::with_capacity(256 * 1024, File::from(output))),
        linked: HashMap::new(),
        only: match extent {
            Extent::OneMount => Some(mount_of(place).map_err(|errno| at(b".", errno))?),
            Extent::Everything => None,
        },
        layer: false,
        counts: Counts::default(),
    })
}

/// What went into an archive.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub entries: u64,
    /// Of all files together, in bytes.
    pub size: u64,
}

/// Writes the upper directory of an overlay as a layer.
pub fn layer<W: Write>(directory: &OwnedFd, output: W) -> Result<(W, Counts), ReadError> {
    let mut writer = Writer {
        builder: Builder::new(output),
        linked: HashMap::new(),
        only: None,
        layer: true,
        counts: Counts::default(),
    };
    writer.children(directory, b"")?;
    let mut output = writer.builder.into_inner()?;
    output.flush()?;
    Ok((output, writer.counts))
}

struct Writer<W: Write> {
    builder: Builder<W>,
    /// The first name of a file with several.
    linked: HashMap<(u64, u64), Vec<u8>>,
    /// The mount that is not to be left.
    only: Option<u64>,
    /// What the kernel marks as deleted is told of as a layer tells it (OCI image-spec, layer.md).
    layer: bool,
    counts: Counts,
}

const OPEN: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

impl<W: Write> Writer<W> {
    fn entry(
        &mut self,
        parent: &OwnedFd,
        name: &CStr,
        status: &Stat,
        path: Vec<u8>,
    ) -> Result<(), ReadError> {
        let kind = FileType::from_raw_mode(status.st_mode);
        if self.layer && is_whiteout(status) {
            // The kernel makes many out of one file, with links.
            return self.mark(&path, name);
        }
        let identity = (status.st_dev, status.st_ino);
        if kind != FileType::Directory && status.st_nlink > 1 {
            if let Some(first) = self.linked.get(&identity).cloned() {
                return self.write(&path, EntryType::Link, status, Some(&first), None, &[]);
            }
            self.linked.insert(identity, path.clone());
        }
        match kind {
            FileType::Directory => self.directory(parent, name, path, status),
            FileType::RegularFile => {
                let file =
                    openat(parent, name, OPEN, Mode::empty()).map_err(|errno| at(&path, errno))?;
                let attributes = attributes(&file);
                let file = File::from(file);
                self.write(
                    &path,
                    EntryType::Regular,
                    status,
                    None,
                    Some(file),
                    &attributes,
                )
            }
            FileType::Symlink => {
                let target =
                    readlinkat(parent, name, Vec::new()).map_err(|errno| at(&path, errno))?;
                let target = target.as_bytes();
                self.write(&path, EntryType::Symlink, status, Some(target), None, &[])
            }
            FileType::Fifo => self.write(&path, EntryType::Fifo, status, None, None, &[]),
            FileType::CharacterDevice if self.layer && status.st_rdev == 0 => {
                self.mark(&path, name)
            }
            FileType::CharacterDevice => {
                self.write(&path, EntryType::Char, status, None, None, &[])
            }
            FileType::BlockDevice => self.write(&path, EntryType::Block, status, None, None, &[]),
            // A socket is nothing without the program behind it.
            _ => Ok(()),
        }
    }

    fn directory(
        &mut self,
        parent: &OwnedFd,
        name: &CStr,
        mut path: Vec<u8>,
        status: &Stat,
    ) -> Result<(), ReadError> {
        let flags = OPEN | OFlags::DIRECTORY;
        let directory =
            openat(parent, name, flags, Mode::empty()).map_err(|errno| at(&path, errno))?;
        path.push(b'/');
        let attributes = attributes(&directory);
        self.write(&path, EntryType::Directory, status, None, None, &attributes)?;
        if let Some(only) = self.only
            && mount_of(directory.as_fd()).map_err(|errno| at(&path, errno))? != only
        {
            return Ok(());
        }
        if self.layer && is_opaque(directory.as_fd()) {
            self.mark(&path, c".wh..opq")?;
        }
        self.children(&directory, &path)
    }

    /// An empty file that stands for a deletion: of what has the name in lower layers, or of all that the
    /// directory holds there.
    fn mark(&mut self, path: &[u8], name: &CStr) -> Result<(), ReadError> {
        let parent = path.len() - path.iter().rev().take_while(|byte| **byte != b'/').count();
        let marked = [&path[..parent], b".wh.", name.to_bytes()].concat();
        let mut header = Header::new_ustar();
        let mut extended = Vec::new();
        header.set_entry_type(EntryType::Regular);
        for set in [
            Header::set_uid,
            Header::set_gid,
            Header::set_size,
            Header::set_mtime,
        ] {
            set(&mut header, 0);
        }
        header.set_mode(0);
        put(
            &mut header.as_old_mut().name,
            &marked,
            "path",
            &mut extended,
        );
        self.append(header, &extended, None)
    }

    fn children(&mut self, directory: &OwnedFd, path: &[u8]) -> Result<(), ReadError> {
        for name in names(directory.as_fd()).map_err(|errno| at(path, errno))? {
            let below = [path, name.to_bytes()].concat();
            match statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(status) => self.entry(directory, &name, &status, below)?,
                // It was there when the directory was read: a container may go on meanwhile.
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(at(&below, errno)),
            }
        }
        Ok(())
    }

    fn write(
        &mut self,
        path: &[u8],
        kind: EntryType,
        status: &Stat,
        target: Option<&[u8]>,
        data: Option<File>,
        attributes: &[(String, Vec<u8>)],
    ) -> Result<(), ReadError> {
        let mut header = Header::new_ustar();
        let mut extended: Vec<(String, Vec<u8>)> = attributes.to_vec();
        let size = if data.is_some() {
            status.st_size.unsigned_abs()
        } else {
            0
        };
        header.set_entry_type(kind);
        header.set_mode(status.st_mode & 0o7777);
        header.set_size(size);
        header.set_mtime(status.st_mtime.max(0).unsigned_abs());
        for (key, id) in [("uid", status.st_uid), ("gid", status.st_gid)] {
            // What seven octal digits cannot hold.
            let fits = id <= 0o7_777_777;
            if !fits {
                extended.push((key.to_owned(), id.to_string().into_bytes()));
            }
            let shown = if fits { u64::from(id) } else { 0 };
            if key == "uid" {
                header.set_uid(shown)
            } else {
                header.set_gid(shown)
            }
        }
        if status.st_mtime < 0 || status.st_mtime_nsec != 0 {
            let time = format!("{}.{:09}", status.st_mtime, status.st_mtime_nsec);
            extended.push(("mtime".to_owned(), time.into_bytes()));
        }
        if matches!(kind, EntryType::Char | EntryType::Block) {
            header.set_device_major(rustix::fs::major(status.st_rdev))?;
            header.set_device_minor(rustix::fs::minor(status.st_rdev))?;
        }
        put(&mut header.as_old_mut().name, path, "path", &mut extended);
        if let Some(target) = target {
            put(
                &mut header.as_old_mut().linkname,
                target,
                "linkpath",
                &mut extended,
            );
        }
        self.append(
            header,
            &extended,
            data.map(|file| Padded { file, left: size }),
        )
    }

    fn append(
        &mut self,
        mut header: Header,
        extended: &[(String, Vec<u8>)],
        data: Option<Padded>,
    ) -> Result<(), ReadError> {
        self.counts.entries += 1;
        self.counts.size += data.as_ref().map_or(0, |data| data.left);
        header.set_cksum();
        if !extended.is_empty() {
            let records = extended
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_slice()));
            self.builder.append_pax_extensions(records)?;
        }
        match data {
            Some(data) => self.builder.append(&header, data)?,
            None => self.builder.append(&header, std::io::empty())?,
        }
        Ok(())
    }
}

/// Exactly as long as the header says, whatever is written to the file meanwhile: one that became shorter is
/// filled with zeros, one that grew is cut.
struct Padded {
    file: File,
    left: u64,
}

impl Read for Padded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let room = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let mut count = self.file.read(&mut buffer[..room])?;
        if count == 0 {
            buffer[..room].fill(0);
            count = room;
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// Into the field of the header, or into an extended one where that is too short.
fn put(field: &mut [u8; 100], value: &[u8], key: &str, extended: &mut Vec<(String, Vec<u8>)>) {
    let length = value.len().min(field.len());
    field[..length].copy_from_slice(&value[..length]);
    if value.len() > field.len() {
        extended.push((key.to_owned(), value.to_vec()));
    }
}

/// Whether an overlay takes it for a deletion.
pub fn is_whiteout(status: &Stat) -> bool {
    FileType::from_raw_mode(status.st_mode) == FileType::CharacterDevice && status.st_rdev == 0
}

/// Whether a directory hides what lower layers have in it.
pub fn is_opaque(directory: BorrowedFd<'_>) -> bool {
    let mut value = [0; 8];
    fgetxattr(directory, OPAQUE, &mut value).is_ok_and(|length| &value[..length] == b"y")
}

/// The number of the mount that a descriptor is of.
fn mount_of(file: BorrowedFd<'_>) -> Result<u64, Errno> {
    let found = statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)?;
    Ok(found.stx_mnt_id)
}

/// Attributes that an archive carries; those of the overlay are its own.
pub fn attributes(file: &OwnedFd) -> Vec<(String, Vec<u8>)> {
    let mut few = [0; 1024];
    let list = |buffer: &mut [u8]| flistxattr(file.as_fd(), buffer);
    let names = match list(&mut few) {
        Ok(length) => few[..length].to_vec(),
        Err(Errno::RANGE) => {
            let mut many = vec![0; 64 * 1024];
            let length = list(&mut many).unwrap_or(0);
            many.truncate(length);
            many
        }
        Err(_) => return Vec::new(),
    };
    let names = names.split(|byte| *byte == 0);
    names
        .filter_map(|name| std::str::from_utf8(name).ok())
        .filter(|name| {
            name.starts_with("user.") && !name.starts_with("user.overlay.")
                || *name == "security.capability"
        })
        .filter_map(|name| {
            let mut value = vec![0; 64 * 1024];
            let length = fgetxattr(file.as_fd(), name, &mut value[..]).ok()?;
            value.truncate(length);
            Some((format!("SCHILY.xattr.{name}"), value))
        })
        .collect()
}

fn at(name: &[u8], errno: Errno) -> ReadError {
    ReadError::System {
        name: name.to_vec(),
        errno,
    }
}
