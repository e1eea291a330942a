//! Errors of writing an archive.

use rustix::io::Errno;

#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("{}: {errno}", String::from_utf8_lossy(path))]
    System { path: Vec<u8>, errno: Errno },
    #[error("write the archive: {0}")]
    Write(#[from] std::io::Error),
}

impl PackError {
    /// Converts an error of the kernel to the error at a path.
    pub fn at(path: &[u8]) -> impl FnOnce(Errno) -> Self {
        move |errno| Self::System {
            path: path.to_vec(),
            errno,
        }
    }

    pub fn errno(&self) -> Option<Errno> {
        match self {
            Self::System { errno, .. } => Some(*errno),
            Self::Write(error) => Errno::from_io_error(error),
        }
    }
}
