//! Named pipes.

use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::io::Errno;

/// Creates a named pipe that only the user can open.
pub fn create(path: &Path) -> Result<(), Errno> {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
}
