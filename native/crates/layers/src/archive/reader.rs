//! Reading the entries of an archive, one after another.

use std::io::BufRead;

use super::entry::{Entry, Kind, Segment, Time};
use super::error::ArchiveError;
use super::header::{BLOCK, Block, Format, Header, text};
use super::pax::{self, Records};
use super::sparse::{self, DataMap, padding};
use crate::blob::BlobError;

/// Largest extended header or long name, in bytes: the kernel limits names to 4 KiB and attributes to 64 KiB.
const MAX_EXTENSION: u64 = 1024 * 1024;

/// A reader of archives.
pub struct Reader<R> {
    input: R,
    /// Bytes of the input that are consumed.
    offset: u64,
    /// Unread bytes of the current entry's data.
    data: u64,
    /// Bytes between that data and the next header.
    padding: u64,
}

/// Fields of the next entry that extended headers set.
#[derive(Default)]
struct Pending {
    records: Option<Records>,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
}

impl<R: BufRead> Reader<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            offset: 0,
            data: 0,
            padding: 0,
        }
    }

    /// Returns the next entry, or `None` at the end of the archive. The input may continue behind it.
    pub fn next(&mut self) -> Result<Option<Entry>, ArchiveError> {
        self.skip(self.data, "an entry's data")?;
        let padding = self.padding;
        self.data = 0;
        self.padding = 0;
        // Some writers omit the bytes that fill the last block. These bytes carry no data.
        if let Err(ArchiveError::Truncated(_)) = self.skip(padding, "a block") {
            return Ok(None);
        }
        let mut pending = Pending::default();
        loop {
            let at = self.offset;
            let Some(block) = self.header()? else {
                return match pending {
                    Pending {
                        records: None,
                        long_name: None,
                        long_link: None,
                    } => Ok(None),
                    _ => Err(ArchiveError::Truncated("an extended header")),
                };
            };
            let header = Header::parse(&block, at).map_err(|error| match error {
                ArchiveError::Checksum(0)
                | ArchiveError::Field {
                    at: 0,
                    field: "checksum",
                } => ArchiveError::NotTar,
                error => error,
            })?;
            if !self.read_extension(&header, &mut pending)? {
                return self.entry(header, &block, pending).map(Some);
            }
        }
    }

    /// Passes the next `length` stored bytes of the current entry to `consume`, piece by piece.
    pub fn copy<E: From<ArchiveError>>(
        &mut self,
        length: u64,
        mut consume: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut left = length;
        while left > 0 {
            let ready = fill(&mut self.input)?;
            if ready.is_empty() {
                return Err(ArchiveError::Truncated("an entry's data").into());
            }
            let count = ready.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            consume(&ready[..count])?;
            self.input.consume(count);
            self.offset += count as u64;
            self.data -= count as u64;
            left -= count as u64;
        }
        Ok(())
    }

    /// Reads a header that only describes the next entry. Returns false for any other header.
    fn read_extension(
        &mut self,
        header: &Header,
        pending: &mut Pending,
    ) -> Result<bool, ArchiveError> {
        let at = self.offset;
        match header.flag {
            b'x' => {
                let text = self.extension_data(header.size)?;
                set_once(&mut pending.records, pax::parse(&text, at)?, at)?;
            }
            b'g' => pax::check_global(&self.extension_data(header.size)?, at)?,
            b'L' => {
                let name = text(&self.extension_data(header.size)?).to_vec();
                set_once(&mut pending.long_name, name, at)?;
            }
            b'K' => {
                let link = text(&self.extension_data(header.size)?).to_vec();
                set_once(&mut pending.long_link, link, at)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn entry(
        &mut self,
        header: Header,
        block: &Block,
        pending: Pending,
    ) -> Result<Entry, ArchiveError> {
        let records = pending.records.unwrap_or_default();
        let name = agreed(header.name, pending.long_name, records.path)?;
        let link = agreed(header.link, pending.long_link, records.link)?;
        let kind = kind(header.flag, &name, link)?;
        let mut entry = Entry {
            name,
            kind,
            mode: (header.mode & 0o7777) as u32,
            uid: records.uid.unwrap_or(header.uid),
            gid: records.gid.unwrap_or(header.gid),
            modified: records.modified.unwrap_or(Time {
                seconds: header.modified,
                nanoseconds: 0,
            }),
            size: 0,
            segments: Vec::new(),
            attributes: records.attributes,
        };
        // POSIX and the well-known readers agree that only a file has data, even if another kind of entry has a size.
        if entry.kind == Kind::File {
            let stored = records.size.unwrap_or(header.size);
            if i64::try_from(stored).is_err() {
                let at = self.offset;
                return Err(ArchiveError::Field { at, field: "size" });
            }
            self.data = stored;
            self.padding = padding(stored);
            if header.flag == b'S' {
                self.old_sparse(&mut entry, block, header.format)?;
            } else {
                self.pax_sparse(&mut entry, records.sparse)?;
            }
        }
        Ok(entry)
    }

    fn old_sparse(
        &mut self,
        entry: &mut Entry,
        block: &Block,
        format: Format,
    ) -> Result<(), ArchiveError> {
        if format != Format::Gnu {
            return Err(malformed(entry, "a header that is not GNU's"));
        }
        let mut more = sparse::old_header(block, &mut entry.segments)
            .map_err(|fault| malformed(entry, fault))?;
        while more {
            let block = self
                .block()?
                .ok_or(ArchiveError::Truncated("a sparse map"))?;
            more = sparse::old_extension(&block, &mut entry.segments)
                .map_err(|fault| malformed(entry, fault))?;
        }
        entry.size = sparse::old_size(block).ok_or_else(|| malformed(entry, "no size"))?;
        sparse::check(&entry.segments, entry.size, self.data)
            .map_err(|fault| malformed(entry, fault))
    }

    fn pax_sparse(&mut self, entry: &mut Entry, map: pax::Sparse) -> Result<(), ArchiveError> {
        let in_data = map.map_in_data();
        match (map.major, map.minor) {
            (None, None) | (Some(0), Some(0 | 1)) => {}
            (Some(1), Some(0)) => {}
            _ => return Err(malformed(entry, "an unknown version")),
        }
        if map.segments.is_empty() && map.size.is_none() && !in_data {
            entry.size = self.data;
            entry.segments = whole(self.data);
            return Ok(());
        }
        if let Some(name) = map.name {
            entry.name = name;
        }
        entry.size = map
            .size
            .filter(|size| i64::try_from(*size).is_ok())
            .ok_or_else(|| malformed(entry, "no size"))?;
        entry.segments = map.segments;
        if in_data {
            entry.segments = self.data_map(entry)?;
        }
        sparse::check(&entry.segments, entry.size, self.data)
            .map_err(|fault| malformed(entry, fault))
    }

    fn data_map(&mut self, entry: &Entry) -> Result<Vec<Segment>, ArchiveError> {
        let mut map = DataMap::default();
        loop {
            self.data = self
                .data
                .checked_sub(BLOCK as u64)
                .ok_or_else(|| malformed(entry, "no end"))?;
            let block = self
                .block()?
                .ok_or(ArchiveError::Truncated("a sparse map"))?;
            if let Some(segments) = map.add(&block).map_err(|fault| malformed(entry, fault))? {
                return Ok(segments);
            }
        }
    }

    /// Returns the next header block, or `None` at two blocks of zeros and at the end of the input.
    fn header(&mut self) -> Result<Option<Block>, ArchiveError> {
        let at = self.offset;
        match self.block()? {
            Some(block) if block == [0; BLOCK] => match self.block()? {
                Some(block) if block != [0; BLOCK] => Err(ArchiveError::LoneZeros(at)),
                _ => Ok(None),
            },
            other => Ok(other),
        }
    }

    fn extension_data(&mut self, size: u64) -> Result<Vec<u8>, ArchiveError> {
        if size > MAX_EXTENSION {
            return Err(ArchiveError::HeaderTooLarge {
                at: self.offset,
                limit: MAX_EXTENSION,
            });
        }
        self.data = size;
        let mut data = Vec::new();
        self.copy(size, |piece| {
            data.extend_from_slice(piece);
            Ok::<_, ArchiveError>(())
        })?;
        self.skip(padding(size), "an extended header")?;
        Ok(data)
    }

    fn block(&mut self) -> Result<Option<Block>, ArchiveError> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let ready = fill(&mut self.input)?;
            if ready.is_empty() {
                return match filled {
                    0 => Ok(None),
                    _ if self.offset < BLOCK as u64 => Err(ArchiveError::NotTar),
                    _ => Err(ArchiveError::Truncated("a header")),
                };
            }
            let count = ready.len().min(BLOCK - filled);
            block[filled..filled + count].copy_from_slice(&ready[..count]);
            self.input.consume(count);
            self.offset += count as u64;
            filled += count;
        }
        Ok(Some(block))
    }

    fn skip(&mut self, length: u64, part: &'static str) -> Result<(), ArchiveError> {
        let mut left = length;
        while left > 0 {
            let ready = fill(&mut self.input)?.len() as u64;
            if ready == 0 {
                return Err(ArchiveError::Truncated(part));
            }
            let count = ready.min(left);
            // The length of a slice fits.
            self.input.consume(count as usize);
            self.offset += count;
            left -= count;
        }
        Ok(())
    }
}

fn fill<R: BufRead>(input: &mut R) -> Result<&[u8], ArchiveError> {
    input
        .fill_buf()
        .map_err(|error| BlobError::unwrap(error, |_| BlobError::Cancelled).into())
}

fn set_once<T>(slot: &mut Option<T>, value: T, at: u64) -> Result<(), ArchiveError> {
    if slot.replace(value).is_some() {
        return Err(ArchiveError::Repeated(at));
    }
    Ok(())
}

/// Chooses the name of an entry: a long name of GNU or PAX replaces the name in the header. Two different long names are
/// refused, because readers disagree on them.
fn agreed(
    header: Vec<u8>,
    gnu: Option<Vec<u8>>,
    pax: Option<Vec<u8>>,
) -> Result<Vec<u8>, ArchiveError> {
    match (gnu, pax) {
        (Some(gnu), Some(pax)) if gnu != pax => Err(ArchiveError::Ambiguous(pax)),
        (gnu, pax) => Ok(gnu.or(pax).unwrap_or(header)),
    }
}

fn kind(flag: u8, name: &[u8], link: Vec<u8>) -> Result<Kind, ArchiveError> {
    Ok(match flag {
        // v7 has no type for directories: their names end with a slash.
        0 if name.ends_with(b"/") => Kind::Directory,
        b'0' | b'7' | b'S' if name.ends_with(b"/") => {
            return Err(ArchiveError::FileWithSlash(name.to_vec()));
        }
        0 | b'0' | b'7' | b'S' => Kind::File,
        b'1' => Kind::HardLink(link),
        b'2' => Kind::Symlink(link),
        b'3' | b'4' => Kind::Device,
        b'5' => Kind::Directory,
        b'6' => Kind::Fifo,
        _ => {
            let name = name.to_vec();
            return Err(ArchiveError::Type { name, flag });
        }
    })
}

/// Returns the segments of a file without holes.
fn whole(size: u64) -> Vec<Segment> {
    if size == 0 {
        return Vec::new();
    }
    vec![Segment {
        offset: 0,
        length: size,
    }]
}

fn malformed(entry: &Entry, fault: &'static str) -> ArchiveError {
    ArchiveError::Sparse {
        name: entry.name.clone(),
        fault,
    }
}
