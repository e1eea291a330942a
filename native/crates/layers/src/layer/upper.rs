//! Reading an upper directory: the changes of a container.

use std::fs::File;
use std::io::BufWriter;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use protocol::failure::Failure;
use rustix::io::Errno;

use super::changes::write_changes;
use crate::file_failure::{failed, refused};
use crate::pack::pack_upper;

/// Bytes collected before they are written.
const BUFFER: usize = 256 * 1024;

/// Writes the changes of a container as a layer.
pub fn write_layer(store: BorrowedFd<'_>, upper: &str, output: OwnedFd) -> Result<(), Failure> {
    let directory = open(store, upper)?;
    let output = BufWriter::with_capacity(BUFFER, File::from(output));
    pack_upper(directory.as_fd(), output)
        .map(|_| ())
        .map_err(|error| failed("layer", &error.to_string(), error.errno()))
}

/// Lists the changes of a container whose image has the layers `lowers`, base first.
pub fn list_changes(
    store: BorrowedFd<'_>,
    upper: &str,
    lowers: &[String],
    output: OwnedFd,
) -> Result<(), Failure> {
    let directory = open(store, upper)?;
    let lowers = lowers
        .iter()
        .map(|path| open(store, path))
        .collect::<Result<Vec<_>, _>>()?;
    write_changes(directory.as_fd(), &lowers, output)
        .map_err(|error| failed(upper, &error.to_string(), Errno::from_io_error(&error)))
}

fn open(store: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Failure> {
    walk::resolve::directory_beneath(store, path).map_err(|errno| refused(path, errno))
}
