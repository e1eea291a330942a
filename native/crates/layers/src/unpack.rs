//! Unpacking one layer, from its blob to its committed directory, in one pass.

use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::work::{UnpackLimits, Unpacked};
use protocol::zygote::{Mapping, MappingMode};
use rustix::fs::{XattrFlags, fgetxattr, fsetxattr};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::archive::{ArchiveError, Reader};
use crate::copy::read::{self, ReadError};
use crate::extract::{ExtractError, Extracted, Extractor};
use crate::measure::{self, MeasureError};
use crate::store::{Layers, Staging, StoreError};
use crate::stream::{self, Blob, Chunks, Digested, StreamError};

#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    #[error("no layer blob came with the request")]
    NoBlob,
    #[error("{0:?} is no diffID: sha256:<64 lower-case hex characters> is expected")]
    DiffId(String),
    #[error("the layer's content has the diffID {actual}, but {expected} is expected")]
    Mismatch { expected: String, actual: String },
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Extract(#[from] ExtractError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
    #[error("comparing the layer")]
    Compare(#[from] ReadError),
}

pub struct Order<'a> {
    /// The digest expected of the decompressed bytes; whatever it is, if absent.
    pub diff_id: Option<&'a str>,
    pub limits: UnpackLimits,
    pub mapping: &'a Mapping,
}

/// Idempotent: a layer that is there already is neither read nor touched.
pub fn unpack(
    store: BorrowedFd<'_>,
    blob: Option<Blob>,
    order: &Order<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Unpacked, UnpackError> {
    let expected = order.diff_id.map(hex_of).transpose()?;
    let layers = Layers::open(store)?;
    if let Some(hex) = expected
        && let Some(layer) = layers.find(hex)?
    {
        return recall(layer, hex, order.mapping);
    }
    let (staging, found, hex) = stage(&layers, blob, order, progress)?;
    note(staging.root(), &found)?;
    staging.commit(&hex)?;
    Ok(Unpacked {
        diff_id: format!("sha256:{hex}"),
        size: found.size,
        entries: found.entries,
        warnings: found.warnings,
        owners_kept: found.owners_kept,
    })
}

/// Whether the layer on the disk is what its blob unpacks to: names, kinds, content, owners, times, attributes. One
/// that is not there is not.
pub fn verify(
    store: BorrowedFd<'_>,
    blob: Option<Blob>,
    order: &Order<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<bool, UnpackError> {
    let hex = hex_of(order.diff_id.unwrap_or_default())?;
    let layers = Layers::open(store)?;
    let Some(layer) = layers.find(hex)? else {
        return Ok(false);
    };
    let (staging, ..) = stage(&layers, blob, order, progress)?;
    Ok(fingerprint(&layer)? == fingerprint(staging.root_fd())?)
}

/// Unpacks into a directory of its own, and compares the diffID.
fn stage<'l>(
    layers: &'l Layers,
    blob: Option<Blob>,
    order: &Order<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<(Staging<'l>, Extracted, String), UnpackError> {
    let blob = blob.ok_or(UnpackError::NoBlob)?;
    let staging = layers.stage()?;
    let Digested { value, sha256 } = stream::read(blob, order.limits.bytes, progress, |chunks| {
        extract(chunks, &staging, order)
    })?;
    let actual = hex(&sha256);
    let expected = order.diff_id.map(hex_of).transpose()?;
    if let Some(expected) = expected.filter(|expected| *expected != actual) {
        return Err(UnpackError::Mismatch {
            expected: format!("sha256:{expected}"),
            actual: format!("sha256:{actual}"),
        });
    }
    Ok((staging, value, actual))
}

/// The digest of a tree, as an archive that the same tree always gives.
fn fingerprint(directory: &OwnedFd) -> Result<[u8; 32], ReadError> {
    let (Hasher(digest), _) = read::layer(directory, Hasher(Sha256::new()))?;
    Ok(digest.finalize().into())
}

struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn extract(
    chunks: &mut Chunks<'_>,
    staging: &Staging<'_>,
    order: &Order<'_>,
) -> Result<Extracted, UnpackError> {
    let mut archive = Reader::new(chunks);
    let mut extractor = Extractor::new(staging.root(), order.mapping, order.limits);
    while let Some(entry) = archive.next()? {
        extractor.add(entry, &mut archive)?;
    }
    Ok(extractor.finish()?)
}

/// On a layer's root, what unpacking it found: `<size> <entries> <owners kept, 0 or 1>`. Overlayfs
/// shows nothing of its own prefix to containers, and no archive can set it.
const FOUND: &str = "user.overlay.tbox.found";

pub fn note(layer: BorrowedFd<'_>, found: &Extracted) -> Result<(), StoreError> {
    let kept = u8::from(found.owners_kept);
    let text = format!("{} {} {kept}", found.size, found.entries);
    match fsetxattr(layer, FOUND, text.as_bytes(), XattrFlags::empty()) {
        // It can be counted again.
        Ok(()) | Err(Errno::OPNOTSUPP) => Ok(()),
        Err(errno) => Err(StoreError::System {
            action: "noting the size of",
            path: "the layer".to_owned(),
            errno,
        }),
    }
}

fn recall(layer: OwnedFd, hex: &str, mapping: &Mapping) -> Result<Unpacked, UnpackError> {
    let mut unpacked = Unpacked {
        diff_id: format!("sha256:{hex}"),
        size: 0,
        entries: 0,
        warnings: Vec::new(),
        owners_kept: mapping.mode == MappingMode::Range,
    };
    let mut buffer = [0; 64];
    let noted = fgetxattr(&layer, FOUND, &mut buffer).unwrap_or(0);
    let text = std::str::from_utf8(&buffer[..noted]).unwrap_or_default();
    let fields: Vec<_> = text.split(' ').map(str::parse::<u64>).collect();
    if let [Ok(size), Ok(entries), Ok(kept)] = fields[..] {
        unpacked.size = size;
        unpacked.entries = entries;
        unpacked.owners_kept = kept == 1;
    } else {
        let totals = measure::tree(layer.as_fd(), b".")?;
        unpacked.size = totals.content;
        unpacked.entries = totals.inodes;
    }
    Ok(unpacked)
}

fn hex_of(diff_id: &str) -> Result<&str, UnpackError> {
    diff_id
        .strip_prefix("sha256:")
        .filter(|hex| {
            hex.len() == 64
                && hex
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
        .ok_or_else(|| UnpackError::DiffId(diff_id.to_owned()))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
