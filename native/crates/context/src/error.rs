//! Errors of reading a context.

use protocol::file_name;
use rustix::io::Errno;

/// A file of the context that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("read {} of the build context: {errno}", shown(.path))]
pub struct ContextError {
    /// Path below the top of the context; empty for the top.
    pub path: Vec<u8>,
    pub errno: Errno,
}

fn shown(path: &[u8]) -> String {
    if path.is_empty() {
        return "the root".to_owned();
    }
    file_name::to_text(path)
}
