//! Requests about the store's layers and trees.

use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::work::{FromWorker, UnpackLimits, UsedDirectory, WorkRequest};
use protocol::zygote::Mapping;

use crate::blob::{Arriving, Blob};
use crate::layer::{
    CommitOptions, UnpackOptions, commit, compress_archive, list_changes, merge, pack, sync,
    unpack, verify, write_layer,
};
use crate::recycle::recycle;
use crate::store::{measure, remove};

/// Carries out a request on the store, an open directory. `descriptors` are those of the request without the channel.
/// `progress` receives the number of compressed bytes read so far, a few times a second. The caller is root in its user
/// namespace, which maps ids as in `mapping`.
pub fn handle(
    store: BorrowedFd<'_>,
    request: &WorkRequest,
    descriptors: Vec<OwnedFd>,
    mapping: &Mapping,
    progress: &mut dyn FnMut(u64),
) -> Result<FromWorker, Failure> {
    let unpack_options = |diff_id, limits: &UnpackLimits| UnpackOptions {
        diff_id,
        limits: *limits,
        mapping,
    };
    match request {
        WorkRequest::Unpack {
            diff_id,
            limits,
            arriving,
        } => {
            let options = unpack_options(diff_id.as_deref(), limits);
            let blob = blob(descriptors, *arriving);
            let unpacked = unpack(store, blob, &options, progress)?;
            Ok(FromWorker::Unpacked(unpacked))
        }
        WorkRequest::Verify { diff_id, limits } => {
            let options = unpack_options(Some(diff_id.as_str()), limits);
            let intact = verify(store, blob(descriptors, None), &options, progress)?;
            Ok(FromWorker::Verified { intact })
        }
        WorkRequest::ExportLayer { .. }
        | WorkRequest::Pack { .. }
        | WorkRequest::Compress { .. }
        | WorkRequest::Changes { .. } => write_output(store, request, descriptors, progress),
        WorkRequest::CommitLayer {
            upper,
            latest,
            merge,
        } => {
            let options = CommitOptions {
                latest: *latest,
                merge: *merge,
            };
            let committed = commit(store, upper, &options)?;
            Ok(committed.map_or(FromWorker::Unchanged, FromWorker::Unpacked))
        }
        WorkRequest::Merge {
            upper,
            layers,
            lowers,
        } => merge(store, upper, layers, lowers).map(|()| FromWorker::Copied),
        WorkRequest::Sync => sync(store).map(|()| FromWorker::Synced),
        WorkRequest::Remove { .. } | WorkRequest::Recycle { .. } | WorkRequest::Measure { .. } => {
            handle_trees(store, request)
        }
        WorkRequest::Status { .. }
        | WorkRequest::Archive { .. }
        | WorkRequest::List { .. }
        | WorkRequest::Export { .. }
        | WorkRequest::Copy { .. }
        | WorkRequest::Extract { .. } => Err(invalid(
            "the request is about a container, not about the store",
        )),
    }
}

/// Carries out a request with an output.
fn write_output(
    store: BorrowedFd<'_>,
    request: &WorkRequest,
    descriptors: Vec<OwnedFd>,
    progress: &mut dyn FnMut(u64),
) -> Result<FromWorker, Failure> {
    match request {
        WorkRequest::ExportLayer { upper } => {
            write_layer(store, upper, output(descriptors)?).map(|()| FromWorker::Copied)
        }
        WorkRequest::Pack {
            diff_id,
            compression,
        } => {
            let output = output(descriptors)?;
            pack(store, diff_id, *compression, output, progress).map(FromWorker::Packed)
        }
        WorkRequest::Compress { compression } => {
            let [blob, output] = pair(descriptors)?;
            compress_archive(blob, *compression, output, progress).map(FromWorker::Packed)
        }
        WorkRequest::Changes { upper, lowers } => {
            list_changes(store, upper, lowers, output(descriptors)?).map(|()| FromWorker::Copied)
        }
        _ => Err(invalid("the request has no output")),
    }
}

fn handle_trees(store: BorrowedFd<'_>, request: &WorkRequest) -> Result<FromWorker, Failure> {
    match request {
        WorkRequest::Remove { paths } => {
            for path in paths {
                remove(store, path)?;
            }
            Ok(FromWorker::Removed)
        }
        WorkRequest::Recycle { directories } => recycle_all(store, directories),
        WorkRequest::Measure { paths } => {
            let sizes = paths.iter().map(|path| measure(store, path));
            let sizes = sizes.collect::<Result<_, _>>()?;
            Ok(FromWorker::Measured { sizes })
        }
        _ => Err(invalid("the request is not about trees of the store")),
    }
}

fn recycle_all(
    store: BorrowedFd<'_>,
    directories: &[UsedDirectory],
) -> Result<FromWorker, Failure> {
    let mut ready = Vec::new();
    for used in directories {
        match recycle(store, used) {
            true => {
                let name = used.path.rsplit('/').next().unwrap_or_default();
                ready.push(format!(".ready-{name}"));
            }
            false => remove(store, &used.path)?,
        }
    }
    Ok(FromWorker::Recycled { ready })
}

/// Returns the blob of an unpack request, if the request has the necessary descriptors.
fn blob(descriptors: Vec<OwnedFd>, arriving: Option<u64>) -> Option<Blob> {
    let mut descriptors = descriptors.into_iter();
    let bytes = descriptors.next()?;
    let arriving = match arriving {
        Some(size) => Some(Arriving {
            size,
            growth: descriptors.next()?,
        }),
        None => None,
    };
    Some(Blob { bytes, arriving })
}

fn pair(descriptors: Vec<OwnedFd>) -> Result<[OwnedFd; 2], Failure> {
    let pair = <[OwnedFd; 2]>::try_from(descriptors);
    pair.map_err(|_| invalid("the request needs descriptors for the input and the output"))
}

fn output(descriptors: Vec<OwnedFd>) -> Result<OwnedFd, Failure> {
    let first = descriptors.into_iter().next();
    first.ok_or_else(|| invalid("the request has no descriptor for the output"))
}

fn invalid(message: &str) -> Failure {
    Failure {
        kind: FailureKind::InvalidArgument,
        step: "work".to_owned(),
        subject: None,
        errno: None,
        message: message.to_owned(),
    }
}
