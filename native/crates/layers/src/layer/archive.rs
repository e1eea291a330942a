//! Creation of a layer's archive from its files.

use std::fs::File;
use std::io::{BufWriter, IntoInnerError, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use protocol::work::{Compression, Packed};
use rustix::io::Errno;

use super::diff_id::parse_diff_id;
use crate::compress::{self, Written};
use crate::digest::{DigestWriter, hex};
use crate::file_failure::failed;
use crate::pack::{Counts, PackError, pack_upper};
use crate::store::LayerStore;

/// Size of the write buffer in bytes.
const BUFFER: usize = 256 * 1024;

/// Writes the archive of a layer to `output`. The caller compares the diffID: the files make the same archive
/// only if tbox has packed the layer.
pub fn pack(
    store: BorrowedFd<'_>,
    diff_id: &str,
    compression: Option<Compression>,
    output: OwnedFd,
    progress: &mut dyn FnMut(u64),
) -> Result<Packed, Failure> {
    let hex = parse_diff_id(diff_id).map_err(|error| failed(diff_id, &error.to_string(), None))?;
    let layer = LayerStore::open(store)?
        .find(hex)?
        .ok_or_else(|| failed(diff_id, "the store has no such layer", None))?;
    let output = File::from(output);
    let packed = match compression {
        Some(compression) => pack_compressed(layer.as_fd(), compression, output, progress),
        None => pack_plain(layer.as_fd(), output).map(|(packed, _)| packed),
    };
    packed.map_err(|error| failed(diff_id, &error.to_string(), error.errno()))
}

/// Packs a tree and computes the digest; `output` receives the archive.
pub fn pack_plain(tree: BorrowedFd<'_>, output: impl Write) -> Result<(Packed, Counts), PackError> {
    let output = BufWriter::with_capacity(BUFFER, DigestWriter::new(output));
    let (output, counts) = pack_upper(tree, output)?;
    let writer = output.into_inner().map_err(IntoInnerError::into_error)?;
    let size = writer.count();
    let digest = format!("sha256:{}", hex(&writer.finish()));
    let packed = Packed {
        diff_id: digest.clone(),
        archive_size: size,
        digest,
        size,
    };
    Ok((packed, counts))
}

/// Compresses a plain archive.
pub fn compress_archive(
    blob: OwnedFd,
    compression: Compression,
    output: OwnedFd,
    progress: &mut dyn FnMut(u64),
) -> Result<Packed, Failure> {
    let written = compress::write(compression, File::from(output), progress, |blocks| {
        std::io::copy(&mut File::from(blob), blocks)
    });
    match written {
        Ok((_, written)) => Ok(describe(&written)),
        Err(error) => {
            let errno = Errno::from_io_error(&error);
            Err(failed("blob", &error.to_string(), errno))
        }
    }
}

fn pack_compressed(
    tree: BorrowedFd<'_>,
    compression: Compression,
    output: impl Write + Send,
    progress: &mut dyn FnMut(u64),
) -> Result<Packed, PackError> {
    let ((), written) = compress::write(compression, output, progress, |blocks| {
        pack_upper(tree, blocks).map(|_| ())
    })?;
    Ok(describe(&written))
}

fn describe(written: &Written) -> Packed {
    Packed {
        diff_id: format!("sha256:{}", hex(&written.content)),
        archive_size: written.content_size,
        digest: format!("sha256:{}", hex(&written.digest)),
        size: written.size,
    }
}
