//! Conversion of errors to the failures that the daemon receives.

use std::error::Error;

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;

use crate::archive::ArchiveError;
use crate::blob::BlobError;
use crate::extract::{ExtractError, Problem};
use crate::layer::UnpackError;
use crate::quote::quote;
use crate::store::{MeasurePathError, RemovePathError, StoreError};

impl From<UnpackError> for Failure {
    fn from(error: UnpackError) -> Self {
        let kind = match &error {
            UnpackError::NoBlob | UnpackError::DiffId(_) => FailureKind::InvalidArgument,
            UnpackError::Mismatch { .. } => FailureKind::DigestMismatch,
            UnpackError::Blob(error) => blob_kind(error),
            UnpackError::Archive(error) => archive_kind(error),
            UnpackError::Extract(error) => problem_kind(&error.problem),
            UnpackError::Store(error) => store_kind(error),
            UnpackError::Measure(_) | UnpackError::Compare(_) => FailureKind::System,
        };
        let subject = match &error {
            UnpackError::Extract(ExtractError { name, .. }) => Some(quote(name)),
            UnpackError::Mismatch { expected, .. } => Some(expected.clone()),
            _ => None,
        };
        failure("unpack", kind, subject, &error)
    }
}

impl From<RemovePathError> for Failure {
    fn from(error: RemovePathError) -> Self {
        let kind = match &error {
            RemovePathError::Store(error) => store_kind(error),
            RemovePathError::Remove(_) => FailureKind::System,
        };
        failure("remove", kind, None, &error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        failure("store", store_kind(&error), None, &error)
    }
}

impl From<MeasurePathError> for Failure {
    fn from(error: MeasurePathError) -> Self {
        let kind = match &error {
            MeasurePathError::Store(error) => store_kind(error),
            MeasurePathError::Measure(_) => FailureKind::System,
        };
        failure("measure", kind, None, &error)
    }
}

fn blob_kind(error: &BlobError) -> FailureKind {
    match error {
        BlobError::Read(_) | BlobError::Cancelled => FailureKind::System,
        BlobError::TooLarge(..) | BlobError::Thread(_) => FailureKind::Exhausted,
        _ => FailureKind::InvalidImage,
    }
}

fn archive_kind(error: &ArchiveError) -> FailureKind {
    match error {
        ArchiveError::Blob(error) => blob_kind(error),
        _ => FailureKind::InvalidImage,
    }
}

fn problem_kind(problem: &Problem) -> FailureKind {
    match problem {
        Problem::Archive(error) => archive_kind(error),
        Problem::Unmapped { .. } => FailureKind::UnmappedId,
        Problem::TooManyEntries(_) | Problem::TooLarge(..) => FailureKind::Exhausted,
        Problem::System { .. } | Problem::Remove(_) | Problem::Attribute { .. } => {
            FailureKind::System
        }
        _ => FailureKind::InvalidImage,
    }
}

fn store_kind(error: &StoreError) -> FailureKind {
    match error {
        StoreError::Path(_) => FailureKind::InvalidArgument,
        StoreError::System { .. } => FailureKind::System,
    }
}

/// Describes an error and its causes. A full file system is always [`FailureKind::Exhausted`].
fn failure(
    step: &str,
    kind: FailureKind,
    subject: Option<String>,
    error: &(dyn Error + 'static),
) -> Failure {
    let mut message = error.to_string();
    let mut errno = None;
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        errno = cause
            .downcast_ref::<Errno>()
            .map(|errno| errno.raw_os_error());
        source = cause.source();
    }
    let mut kind = kind;
    let exhausted = [Errno::NOSPC, Errno::DQUOT, Errno::NOMEM].map(Errno::raw_os_error);
    if errno.is_some_and(|errno| exhausted.contains(&errno)) {
        kind = FailureKind::Exhausted;
    }
    Failure {
        kind,
        step: step.to_owned(),
        subject,
        errno,
        message,
    }
}
