//! Extracting one entry after another.

use std::io::BufRead;
use std::os::fd::BorrowedFd;

use protocol::work::UnpackLimits;
use protocol::zygote::Mapping;
use rustix::io::Errno;

use super::entry_owner::OwnerPolicy;
use super::entry_path::EntryName;
use super::problem::{ExtractError, Problem};
use super::tree_writer::{Destination, TreeWriter};
use super::warnings::Warning;
use super::whiteouts;
use crate::archive::{ArchiveError, Entry, Reader};

/// An extraction of one archive.
pub struct Extractor<'a> {
    tree: TreeWriter<'a>,
    limits: UnpackLimits,
    entries: u64,
    size: u64,
}

/// Result of an extraction.
pub struct Extracted {
    pub entries: u64,
    /// Size of all files together, holes included.
    pub size: u64,
    pub warnings: Vec<String>,
    /// Whether every file has the owner of its entry.
    pub owners_kept: bool,
}

impl<'a> Extractor<'a> {
    /// Extracts a layer into `root`, an empty directory.
    pub fn for_layer(root: BorrowedFd<'a>, mapping: &'a Mapping, limits: UnpackLimits) -> Self {
        Self {
            tree: TreeWriter::new(root, None, OwnerPolicy::archive(mapping)),
            limits,
            entries: 0,
            size: 0,
        }
    }

    /// Extracts an archive that is not a layer into a directory below `root`. With an `owner`, everything belongs to
    /// that owner, whatever the archive says.
    pub fn for_files(
        root: BorrowedFd<'a>,
        destination: Destination,
        owner: Option<(u32, u32)>,
        mapping: &'a Mapping,
    ) -> Self {
        let owners = match owner {
            Some(owner) => OwnerPolicy::fixed(owner, mapping),
            None => OwnerPolicy::archive(mapping),
        };
        Self {
            tree: TreeWriter::new(root, Some(destination), owners),
            limits: UnpackLimits {
                bytes: u64::MAX,
                entries: u64::MAX,
            },
            entries: 0,
            size: 0,
        }
    }

    /// Extracts all entries of an archive.
    pub fn extract<E>(mut self, archive: &mut Reader<impl BufRead>) -> Result<Extracted, E>
    where
        E: From<ArchiveError> + From<ExtractError>,
    {
        while let Some(entry) = archive.next()? {
            self.add(&entry, archive).map_err(|problem| ExtractError {
                name: entry.name,
                problem,
            })?;
        }
        self.tree
            .finish()
            .map_err(|(name, problem)| ExtractError { name, problem })?;
        let warnings = self.tree.warnings();
        Ok(Extracted {
            entries: self.entries,
            size: self.size,
            owners_kept: !warnings.contains(Warning::Owner),
            warnings: warnings.lines(),
        })
    }

    fn add(&mut self, entry: &Entry, archive: &mut Reader<impl BufRead>) -> Result<(), Problem> {
        self.count(entry)?;
        match self.tree.name_of(entry)? {
            EntryName::Root => self.tree.describe_root(entry),
            EntryName::Plain(path) => self.tree.create_entry(entry, &path, archive),
            EntryName::Whiteout(path) => whiteouts::hide(self.tree.directories(), &path),
            EntryName::Opaque(path) => whiteouts::hide_content(self.tree.directories(), &path),
            EntryName::Ignored => {
                self.tree.warnings().add(Warning::UnionFile, &entry.name);
                Ok(())
            }
        }
    }

    fn count(&mut self, entry: &Entry) -> Result<(), Problem> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(Problem::TooManyEntries(self.limits.entries));
        }
        // Holes occupy no space here, but may occupy space in a copy of the file.
        self.size = self.size.saturating_add(entry.size);
        if self.size > self.limits.bytes {
            return Err(Problem::TooLarge(self.limits.bytes, Errno::NOSPC));
        }
        Ok(())
    }
}
