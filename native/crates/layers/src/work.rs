//! What a worker does with one request.

use std::os::fd::{BorrowedFd, OwnedFd};

use protocol::failure::{Failure, FailureKind};
use protocol::work::{FromWorker, WorkRequest};
use protocol::zygote::Mapping;

use crate::measure::{MeasureError, measure};
use crate::remove::remove;
use crate::unpack::{Order, unpack};

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
        WorkRequest::Unpack { diff_id, limits } => {
            let order = Order {
                diff_id: diff_id.as_deref(),
                limits: *limits,
                mapping,
            };
            let unpacked = unpack(store, descriptors.into_iter().next(), &order, progress)?;
            Ok(FromWorker::Unpacked(unpacked))
        }
        WorkRequest::Remove { paths } => {
            for path in paths {
                remove(store, path)?;
            }
            Ok(FromWorker::Removed)
        }
        WorkRequest::Status { .. } | WorkRequest::Archive { .. } | WorkRequest::Extract { .. } => {
            Err(Failure {
                kind: FailureKind::InvalidArgument,
                step: "work".to_owned(),
                subject: None,
                errno: None,
                message: "a container's files are none of the store's".to_owned(),
            })
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
