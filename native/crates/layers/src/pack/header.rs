//! Headers of the entries of an archive.

use std::io::Result;

use rustix::fs::{Stat, major, minor};
use tar::{EntryType, Header};

use crate::metadata::Attribute;

/// Largest id that the seven octal digits of a header hold.
const MAX_ID: u32 = 0o7_777_777;

/// A header, and the records of the extended header before it.
pub struct EntryHeader {
    pub header: Header,
    /// Keys and values.
    pub records: Vec<(String, Vec<u8>)>,
}

impl EntryHeader {
    /// Describes a file with the given path, kind and size.
    pub fn new(path: &[u8], kind: EntryType, status: &Stat, size: u64) -> Result<Self> {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(status.st_mode & 0o7777);
        header.set_size(size);
        header.set_mtime(status.st_mtime.max(0).unsigned_abs());
        let mut entry = Self {
            header,
            records: Vec::new(),
        };
        entry.set_owner(status);
        if status.st_mtime < 0 || status.st_mtime_nsec != 0 {
            let time = format!("{}.{:09}", status.st_mtime, status.st_mtime_nsec);
            entry.records.push(("mtime".to_owned(), time.into_bytes()));
        }
        if matches!(kind, EntryType::Char | EntryType::Block) {
            entry.header.set_device_major(major(status.st_rdev))?;
            entry.header.set_device_minor(minor(status.st_rdev))?;
        }
        entry.set_path(path);
        Ok(entry)
    }

    /// Describes an empty file without metadata: a whiteout.
    pub fn whiteout(path: &[u8]) -> Self {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        header.set_mtime(0);
        let mut entry = Self {
            header,
            records: Vec::new(),
        };
        entry.set_path(path);
        entry
    }

    pub fn set_link(&mut self, target: &[u8]) {
        let field = &mut self.header.as_old_mut().linkname;
        put(field, target, "linkpath", &mut self.records);
    }

    /// Adds extended attributes. They precede the other records.
    pub fn set_attributes(&mut self, attributes: Vec<Attribute>) {
        let records = attributes.into_iter().map(|Attribute { name, value }| {
            let name = String::from_utf8_lossy(&name);
            (format!("SCHILY.xattr.{name}"), value)
        });
        self.records.splice(0..0, records);
    }

    fn set_path(&mut self, path: &[u8]) {
        let field = &mut self.header.as_old_mut().name;
        put(field, path, "path", &mut self.records);
    }

    fn set_owner(&mut self, status: &Stat) {
        for (key, id) in [("uid", status.st_uid), ("gid", status.st_gid)] {
            let fits = id <= MAX_ID;
            if !fits {
                let value = id.to_string().into_bytes();
                self.records.push((key.to_owned(), value));
            }
            let field = if fits { u64::from(id) } else { 0 };
            match key {
                "uid" => self.header.set_uid(field),
                _ => self.header.set_gid(field),
            }
        }
    }
}

/// Writes a value to a field of the header, and to an extended record if the field is too short.
fn put(field: &mut [u8; 100], value: &[u8], key: &str, records: &mut Vec<(String, Vec<u8>)>) {
    let length = value.len().min(field.len());
    field[..length].copy_from_slice(&value[..length]);
    if value.len() > field.len() {
        records.push((key.to_owned(), value.to_vec()));
    }
}
