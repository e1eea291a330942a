//! Entries of small files, which threads read ahead.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, Stat, openat};
use rustix::io::Errno;
use tar::{Builder, EntryType};
use walk::Entry;

use super::counts::Counts;
use super::error::PackError;
use super::header::EntryHeader;
use super::sized_file::SizedFile;
use crate::metadata::portable_attributes;
use crate::parallel::{Item, Pool, Queue};

/// Size of the largest file that a thread reads ahead.
const MAX_SIZE: i64 = 128 * 1024;
/// Maximum number of entries of a job.
const MAX_ENTRIES: usize = 32;
/// Maximum number of directories with files of a job; they stay open.
const MAX_DIRECTORIES: usize = 4;
/// Maximum size of all files of a job.
const MAX_BYTES: i64 = 512 * 1024;

/// Flags that open a file for reading, never through a symbolic link, and without waiting for the writer of a FIFO.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

pub type Packed = Result<(Vec<u8>, Counts), PackError>;

/// An entry of a job.
pub enum Part {
    File(SmallFile),
    /// An entry without content.
    Entry(Box<EntryHeader>),
}

pub struct SmallFile {
    pub entry: Entry,
    pub path: Vec<u8>,
}

/// Jobs for threads, in the order of the archive.
pub struct Ahead<'a> {
    pool: &'a mut dyn Submit,
    parts: Vec<Part>,
    bytes: i64,
    directories: usize,
    /// Directory of the last file.
    latest: Option<Arc<OwnedFd>>,
    queue: Queue<(), Packed>,
}

/// The pool of threads, whatever its lifetimes.
trait Submit {
    fn submit(&mut self, parts: Vec<Part>) -> Item<(), Packed>;
    fn depth(&self) -> usize;
}

impl<'env> Submit for Pool<'_, 'env, Vec<Part>, Packed> {
    fn submit(&mut self, parts: Vec<Part>) -> Item<(), Packed> {
        Item::Pending(Pool::submit(self, parts))
    }

    fn depth(&self) -> usize {
        Pool::depth(self)
    }
}

impl<'a> Ahead<'a> {
    pub fn new(pool: &'a mut Pool<'_, '_, Vec<Part>, Packed>) -> Self {
        Self {
            pool,
            parts: Vec::new(),
            bytes: 0,
            directories: 0,
            latest: None,
            queue: Queue::default(),
        }
    }

    /// Reports whether a thread reads such a file ahead. The first name of a file with several must be known before the
    /// next one is added.
    pub fn takes(&self, status: &Stat) -> bool {
        status.st_nlink == 1 && status.st_size <= MAX_SIZE
    }

    pub fn depth(&self) -> usize {
        self.pool.depth()
    }

    pub fn push(&mut self, part: Part) {
        if let Part::File(SmallFile { entry, .. }) = &part {
            self.bytes += entry.status.st_size;
            let latest = self.latest.as_ref();
            if latest.is_none_or(|latest| !Arc::ptr_eq(latest, &entry.parent)) {
                self.directories += 1;
                self.latest = Some(Arc::clone(&entry.parent));
            }
        }
        self.parts.push(part);
        if self.parts.len() == MAX_ENTRIES
            || self.directories == MAX_DIRECTORIES
            || self.bytes >= MAX_BYTES
        {
            self.submit();
        }
    }

    /// Gives the collected entries to a thread.
    pub fn submit(&mut self) {
        if !self.parts.is_empty() {
            self.bytes = 0;
            self.directories = 0;
            self.latest = None;
            let parts = std::mem::take(&mut self.parts);
            self.queue.push(self.pool.submit(parts));
        }
    }

    /// Takes the result of the first job while there are more than `most`.
    pub fn take(&mut self, most: usize) -> Option<Packed> {
        match self.queue.take(most)? {
            Item::Pending(packed) => Some(packed.wait()),
            Item::Ready(()) => None,
        }
    }
}

/// Packs the entries of a job.
pub fn pack_files(parts: Vec<Part>) -> Packed {
    let mut builder = Builder::new(Vec::new());
    let mut counts = Counts::default();
    for part in parts {
        let (header, data) = match part {
            Part::Entry(header) => (*header, None),
            Part::File(SmallFile { entry, path }) => match open_file(&entry, &path)? {
                Some((header, data)) => (header, Some(data)),
                None => continue,
            },
        };
        append(&mut builder, &mut counts, header, data)?;
    }
    // Dropping the builder would write the end of the archive.
    Ok((std::mem::take(builder.get_mut()), counts))
}

/// Opens a regular file. Returns `None` if it has disappeared: a container may run meanwhile.
pub fn open_file(
    entry: &Entry,
    path: &[u8],
) -> Result<Option<(EntryHeader, SizedFile)>, PackError> {
    let file = match openat(&entry.parent, &entry.name, READ, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(PackError::at(path)(errno)),
    };
    let size = entry.status.st_size.unsigned_abs();
    let mut header = EntryHeader::new(path, EntryType::Regular, &entry.status, size)?;
    header.set_attributes(portable_attributes(&file));
    Ok(Some((
        header,
        SizedFile::new(File::from(file), &entry.status),
    )))
}

/// Appends an entry to an archive and counts it.
pub fn append(
    builder: &mut Builder<impl Write>,
    counts: &mut Counts,
    entry: EntryHeader,
    data: Option<SizedFile>,
) -> Result<(), PackError> {
    let EntryHeader {
        mut header,
        records,
    } = entry;
    counts.entries += 1;
    counts.size += data.as_ref().map_or(0, SizedFile::left);
    header.set_cksum();
    if !records.is_empty() {
        let records = records
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_slice()));
        builder.append_pax_extensions(records)?;
    }
    match data {
        Some(data) => builder.append(&header, data)?,
        None => builder.append(&header, std::io::empty())?,
    }
    Ok(())
}
