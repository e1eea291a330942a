//! Giving extracted files the metadata of their entries.

use std::os::fd::BorrowedFd;

use rustix::fs::{
    AtFlags, Mode, Timespec, XattrFlags, chownat, fchmod, fchown, fsetxattr, utimensat,
};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use super::entry_owner::{Owner, OwnerPolicy};
use super::entry_path::EntryPath;
use super::open_directories::Directory;
use super::problem::{Problem, during};
use super::warnings::{Warning, Warnings};
use crate::archive::{Entry, Kind, Time};
use crate::metadata::{Attribute, set_modified, timestamps};

/// Attribute with the `uid:gid` of a file or directory that belongs to root instead, because only one id is available.
const OWNER: &str = "user.tbox.owner";

/// Prefixes of the attributes that overlayfs and tbox read from a tree. An archive must not set them.
const RESERVED_ATTRIBUTES: [&[u8]; 3] = [b"user.overlay.", b"trusted.overlay.", b"user.tbox."];

const DEFAULT_ACL: &[u8] = b"system.posix_acl_default";

/// Maximum number of bytes of default access control lists held until the end.
const MAX_DEFAULT_ACLS: usize = 16 * 1024 * 1024;

/// A writer of owners, modes, attributes and times.
pub struct EntryMetadata<'m> {
    owners: OwnerPolicy<'m>,
    warnings: Warnings,
    /// Default access control lists by directory. They are set last, because new entries inherit them.
    default_acls: Vec<(Vec<u8>, Attribute)>,
    default_acls_size: usize,
}

impl<'m> EntryMetadata<'m> {
    pub fn new(owners: OwnerPolicy<'m>) -> Self {
        Self {
            owners,
            warnings: Warnings::default(),
            default_acls: Vec::new(),
            default_acls_size: 0,
        }
    }

    pub fn warnings(&mut self) -> &mut Warnings {
        &mut self.warnings
    }

    /// Returns the default access control lists by directory, which are to be set after the last entry.
    pub fn take_default_acls(&mut self) -> Vec<(Vec<u8>, Attribute)> {
        std::mem::take(&mut self.default_acls)
    }

    /// Sets owner, mode, attributes and time, in this order: a new owner clears set-id bits and capabilities. With
    /// `inherited_group`, the new file's group may differ from root's.
    pub fn apply(
        &mut self,
        file: BorrowedFd<'_>,
        path: &[u8],
        entry: &Entry,
        inherited_group: bool,
    ) -> Result<(), Problem> {
        match self.owners.resolve(entry.uid, entry.gid)? {
            Owner::Ids { uid, gid } => {
                if (uid, gid) != (0, 0) || inherited_group {
                    fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
                        .map_err(during("setting its owner"))?;
                }
            }
            Owner::Unavailable { uid, gid } => {
                self.warnings.add(Warning::Owner, &entry.name);
                let record = Attribute {
                    name: OWNER.into(),
                    value: format!("{uid}:{gid}").into_bytes(),
                };
                self.set_attribute(file, &entry.name, &record)?;
            }
        }
        fchmod(file, Mode::from_raw_mode(entry.mode)).map_err(during("setting its mode"))?;
        for attribute in &entry.attributes {
            if is_reserved(attribute) {
                self.warnings.add(Warning::OverlayAttribute, &entry.name);
            } else if attribute.name == DEFAULT_ACL && entry.kind == Kind::Directory {
                self.hold_default_acl(path, attribute)?;
            } else {
                self.set_attribute(file, &entry.name, attribute)?;
            }
        }
        set_modified(file, timespec(entry.modified)).map_err(during("setting its time"))
    }

    /// Returns the owner of a symbolic link, before it is created.
    pub fn link_owner(&self, entry: &Entry) -> Result<Owner, Problem> {
        self.owners.resolve(entry.uid, entry.gid)
    }

    /// Sets owner and time of a symbolic link.
    pub fn apply_to_link(
        &mut self,
        parent: &Directory,
        path: &EntryPath,
        entry: &Entry,
        owner: Owner,
    ) -> Result<(), Problem> {
        let no_follow = AtFlags::SYMLINK_NOFOLLOW;
        match owner {
            Owner::Ids { uid, gid } => {
                if (uid, gid) != (0, 0) || parent.set_gid {
                    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
                    chownat(parent.fd(), path.name(), uid, gid, no_follow)
                        .map_err(during("setting its owner"))?;
                }
            }
            // The kernel allows no `user.*` attributes on symbolic links.
            Owner::Unavailable { .. } => self.warnings.add(Warning::Owner, &entry.name),
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
        utimensat(parent.fd(), path.name(), &times, no_follow).map_err(during("setting its time"))
    }

    /// Sets an attribute. A `user.*` attribute must be stored; any other only where the kernel lets a user set it.
    pub fn set_attribute(
        &mut self,
        file: BorrowedFd<'_>,
        entry: &[u8],
        attribute: &Attribute,
    ) -> Result<(), Problem> {
        let name = attribute.name.clone();
        match fsetxattr(file, &name, &attribute.value, XattrFlags::empty()) {
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

    fn hold_default_acl(&mut self, path: &[u8], attribute: &Attribute) -> Result<(), Problem> {
        self.default_acls_size += path.len() + attribute.value.len();
        if self.default_acls_size > MAX_DEFAULT_ACLS {
            return Err(Problem::AttributeSize(attribute.name.clone()));
        }
        self.default_acls.push((path.to_vec(), attribute.clone()));
        Ok(())
    }
}

fn is_reserved(attribute: &Attribute) -> bool {
    RESERVED_ATTRIBUTES
        .iter()
        .any(|prefix| attribute.name.starts_with(prefix))
}

fn timespec(time: Time) -> Timespec {
    Timespec {
        tv_sec: time.seconds,
        tv_nsec: time.nanoseconds.into(),
    }
}
