//! Unpacking a layer from its blob to its committed directory in one pass.

use std::io::sink;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::work::{UnpackLimits, Unpacked};
use protocol::zygote::{Mapping, MappingMode};

use super::diff_id::{DiffIdError, parse_diff_id};
use super::totals::LayerTotals;
use crate::archive::{ArchiveError, Reader};
use crate::blob::{self, Blob, BlobError, Digested};
use crate::digest::{DigestWriter, hex as to_hex};
use crate::extract::{ExtractError, Extracted, Extractor};
use crate::measure::{MeasureError, measure_tree};
use crate::pack::{PackError, pack_upper};
use crate::store::{LayerStore, Staging, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    #[error("the request has no descriptor of a layer blob")]
    NoBlob,
    #[error(transparent)]
    DiffId(#[from] DiffIdError),
    #[error("the layer's content has the diffID {actual}, but {expected} is expected")]
    Mismatch { expected: String, actual: String },
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Extract(#[from] ExtractError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
    #[error("comparing the layer")]
    Compare(#[from] PackError),
}

pub struct UnpackOptions<'a> {
    /// Expected digest of the decompressed bytes; any digest if absent.
    pub diff_id: Option<&'a str>,
    pub limits: UnpackLimits,
    pub mapping: &'a Mapping,
}

/// Unpacks a layer and commits it. If the layer is already in the store, the blob is only compared with the diffID, so
/// that a wrong blob is refused then too.
pub fn unpack(
    store: BorrowedFd<'_>,
    blob: Option<Blob>,
    options: &UnpackOptions<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Unpacked, UnpackError> {
    let expected = options.diff_id.map(parse_diff_id).transpose()?;
    let layers = LayerStore::open(store)?;
    if let Some(hex) = expected
        && let Some(layer) = layers.find(hex)?
    {
        let blob = blob.ok_or(UnpackError::NoBlob)?;
        let Digested { sha256, .. } =
            blob::read::<_, UnpackError>(blob, options.limits.bytes, progress, |_| Ok(()))?;
        require_diff_id(Some(hex), &to_hex(&sha256))?;
        return describe_committed(&layer, hex, options.mapping);
    }
    let (staging, extracted, hex) = stage(&layers, blob, options, progress)?;
    let totals = LayerTotals {
        size: extracted.size,
        entries: extracted.entries,
        owners_kept: extracted.owners_kept,
    };
    totals.write(staging.root().as_fd())?;
    staging.commit(&hex)?;
    Ok(Unpacked {
        diff_id: format!("sha256:{hex}"),
        size: extracted.size,
        entries: extracted.entries,
        warnings: extracted.warnings,
        owners_kept: extracted.owners_kept,
        archive_size: None,
    })
}

/// Reports whether the layer in the store equals its blob in names, kinds, content, owners, times and attributes. The
/// result is false if the layer is not in the store.
pub fn verify(
    store: BorrowedFd<'_>,
    blob: Option<Blob>,
    options: &UnpackOptions<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<bool, UnpackError> {
    let hex = parse_diff_id(options.diff_id.unwrap_or_default())?;
    let layers = LayerStore::open(store)?;
    let Some(layer) = layers.find(hex)? else {
        return Ok(false);
    };
    let (staging, ..) = stage(&layers, blob, options, progress)?;
    Ok(fingerprint(&layer)? == fingerprint(staging.root())?)
}

/// Unpacks a layer into a staging directory and compares its diffID.
fn stage<'l>(
    layers: &'l LayerStore,
    blob: Option<Blob>,
    options: &UnpackOptions<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<(Staging<'l>, Extracted, String), UnpackError> {
    let blob = blob.ok_or(UnpackError::NoBlob)?;
    let staging = layers.stage()?;
    let root = staging.root().as_fd();
    let Digested { value, sha256 } = blob::read(blob, options.limits.bytes, progress, |chunks| {
        Extractor::for_layer(root, options.mapping, options.limits)
            .extract::<UnpackError>(&mut Reader::new(chunks))
    })?;
    let actual = to_hex(&sha256);
    let expected = options.diff_id.map(parse_diff_id).transpose()?;
    require_diff_id(expected, &actual)?;
    Ok((staging, value, actual))
}

fn require_diff_id(expected: Option<&str>, actual: &str) -> Result<(), UnpackError> {
    match expected {
        Some(expected) if expected != actual => Err(UnpackError::Mismatch {
            expected: format!("sha256:{expected}"),
            actual: format!("sha256:{actual}"),
        }),
        _ => Ok(()),
    }
}

/// Returns the digest of a tree's archive, which is the same for equal trees.
fn fingerprint(directory: &OwnedFd) -> Result<[u8; 32], PackError> {
    let (writer, _) = pack_upper(directory.as_fd(), DigestWriter::new(sink()))?;
    Ok(writer.finish())
}

/// Describes a layer that is already in the store.
fn describe_committed(
    layer: &OwnedFd,
    hex: &str,
    mapping: &Mapping,
) -> Result<Unpacked, UnpackError> {
    let totals = match LayerTotals::read(layer.as_fd()) {
        Some(totals) => totals,
        None => {
            let measured = measure_tree(layer.as_fd(), b".")?;
            LayerTotals {
                size: measured.content,
                entries: measured.inodes,
                owners_kept: mapping.mode == MappingMode::Range,
            }
        }
    };
    Ok(Unpacked {
        diff_id: format!("sha256:{hex}"),
        size: totals.size,
        entries: totals.entries,
        warnings: Vec::new(),
        owners_kept: totals.owners_kept,
        archive_size: None,
    })
}
