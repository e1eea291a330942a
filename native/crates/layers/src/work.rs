//! What a worker does with one request.

use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::work::{FromWorker, WorkRequest};
use protocol::zygote::Mapping;

use crate::copy;
use crate::keep::{keep, sync};
use crate::measure::{MeasureError, measure};
use crate::merge::merge;
use crate::remove::remove;
use crate::stream::{Arriving, Blob};
use crate::unpack::{Order, unpack, verify};

/// Carries out `request` on the store, the directory `store`. `descriptors` are those that the
/// request names, without the channel. `progress` is told the compressed bytes read so far, a few
/// times a second. The caller is root in its user namespace, whose ids map as in `mapping`.
pub fn perform(
    store: BorrowedFd<'_>,
    request: &WorkRequest,
    descriptors: Vec<OwnedFd>,
    mapping: &Mapping,
    progress: &mut dyn FnMut(u64),
) -> Result<FromWorker, Failure> {
    match request {
        WorkRequest::Verify { diff_id, limits } => {
            let order = Order {
                diff_id: Some(diff_id),
                limits: *limits,
                mapping,
            };
            let intact = verify(store, blob(descriptors, None), &order, progress)?;
            Ok(FromWorker::Verified { intact })
        }
        WorkRequest::Unpack {
            diff_id,
            limits,
            arriving,
        } => {
            let order = Order {
                diff_id: diff_id.as_deref(),
                limits: *limits,
                mapping,
            };
            let unpacked = unpack(store, blob(descriptors, *arriving), &order, progress)?;
            Ok(FromWorker::Unpacked(unpacked))
        }
        WorkRequest::Remove { paths } => {
            for path in paths {
                remove(store, path)?;
            }
            Ok(FromWorker::Removed)
        }
        WorkRequest::ExportLayer { upper } => {
            copy::layer(store, upper, output(descriptors)?)?;
            Ok(FromWorker::Copied)
        }
        WorkRequest::Changes { upper, lowers } => {
            copy::list_changes(store, upper, lowers, output(descriptors)?)?;
            Ok(FromWorker::Copied)
        }
        WorkRequest::CommitLayer {
            upper,
            latest,
            merge,
        } => {
            let kept = keep(store, upper, *latest, *merge, mapping)?;
            Ok(kept.map_or(FromWorker::Unchanged, FromWorker::Unpacked))
        }
        WorkRequest::Merge {
            upper,
            layers,
            lowers,
        } => {
            merge(store, upper, layers, lowers)?;
            Ok(FromWorker::Copied)
        }
        WorkRequest::Sync => sync(store).map(|()| FromWorker::Synced),
        WorkRequest::Status { .. }
        | WorkRequest::Archive { .. }
        | WorkRequest::List { .. }
        | WorkRequest::Export { .. }
        | WorkRequest::Copy { .. }
        | WorkRequest::Extract { .. } => {
            Err(misplaced("a container's files are none of the store's"))
        }
        WorkRequest::Measure { paths } => {
            let sizes = paths
                .iter()
                .map(|path| measure(store, path))
                .collect::<Result<_, MeasureError>>()?;
            Ok(FromWorker::Measured { sizes })
        }
    }
}

/// The blob to unpack, if it came.
fn blob(descriptors: Vec<OwnedFd>, arriving: Option<u64>) -> Option<Blob> {
    let mut descriptors = descriptors.into_iter();
    let bytes = descriptors.next()?;
    let arriving = match arriving {
        Some(size) => Some(Arriving {
            size,
            news: descriptors.next()?,
        }),
        None => None,
    };
    Some(Blob { bytes, arriving })
}

fn output(descriptors: Vec<OwnedFd>) -> Result<OwnedFd, Failure> {
    let first = descriptors.into_iter().next();
    first.ok_or_else(|| misplaced("no descriptor for the output came with the request"))
}

fn misplaced(message: &str) -> Failure {
    Failure {
        kind: FailureKind::InvalidArgument,
        step: "work".to_owned(),
        subject: None,
        errno: None,
        message: message.to_owned(),
    }
}
