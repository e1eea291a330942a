//! From this crate's errors to what the daemon is told.

use std::error::Error;

use protocol::failure::{Failure, FailureKind};
use rustix::io::Errno;

use crate::archive::ArchiveError;
use crate::extract::{ExtractError, Problem};
use crate::measure::MeasureError;
use crate::remove::RemoveError;
use crate::store::StoreError;
use crate::stream::StreamError;
use crate::unpack::UnpackError;

/// Longest part of a name that a message repeats.
const QUOTED: usize = 200;

/// A name for people: as it is where it is printable, escaped where not.
pub fn quote(name: &[u8]) -> String {
    let shown = &name[..name.len().min(QUOTED)];
    let mut text = match std::str::from_utf8(shown) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => shown.escape_ascii().to_string(),
    };
    if shown.len() < name.len() {
        text.push('…');
    }
    text
}

impl From<UnpackError> for Failure {
    fn from(error: UnpackError) -> Self {
        let kind = match &error {
            UnpackError::NoBlob | UnpackError::DiffId(_) => FailureKind::InvalidArgument,
            UnpackError::Mismatch { .. } => FailureKind::DigestMismatch,
            UnpackError::Stream(error) => stream_kind(error),
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

impl From<RemoveError> for Failure {
    fn from(error: RemoveError) -> Self {
        let kind = match &error {
            RemoveError::Store(error) => store_kind(error),
            _ => FailureKind::System,
        };
        failure("remove", kind, None, &error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        failure("store", store_kind(&error), None, &error)
    }
}

impl From<MeasureError> for Failure {
    fn from(error: MeasureError) -> Self {
        let kind = match &error {
            MeasureError::Store(error) => store_kind(error),
            _ => FailureKind::System,
        };
        failure("measure", kind, None, &error)
    }
}

fn stream_kind(error: &StreamError) -> FailureKind {
    match error {
        StreamError::Read(_) | StreamError::Cancelled => FailureKind::System,
        StreamError::TooLarge(_) | StreamError::Thread(_) => FailureKind::Exhausted,
        _ => FailureKind::InvalidImage,
    }
}

fn archive_kind(error: &ArchiveError) -> FailureKind {
    match error {
        ArchiveError::Stream(error) => stream_kind(error),
        _ => FailureKind::InvalidImage,
    }
}

fn problem_kind(problem: &Problem) -> FailureKind {
    match problem {
        Problem::Archive(error) => archive_kind(error),
        Problem::Unmapped { .. } => FailureKind::UnmappedId,
        Problem::TooManyEntries(_) | Problem::TooLarge(_) => FailureKind::Exhausted,
        Problem::System { .. } | Problem::Remove(_) | Problem::Attribute { .. } => {
            FailureKind::System
        }
        _ => FailureKind::InvalidImage,
    }
}

fn store_kind(error: &StoreError) -> FailureKind {
    match error {
        StoreError::Path(_) => FailureKind::InvalidArgument,
        _ => FailureKind::System,
    }
}

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
    let full = [Errno::NOSPC, Errno::DQUOT].map(Errno::raw_os_error);
    if errno.is_some_and(|errno| full.contains(&errno)) {
        kind = FailureKind::Exhausted;
        message = format!("the store's file system has no room: {message}");
    } else if errno == Some(Errno::NOMEM.raw_os_error()) {
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
