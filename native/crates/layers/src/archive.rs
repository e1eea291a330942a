//! Reading tar archives: v7, ustar, GNU and PAX, with sparse files in all formats of GNU.
//!
//! An archive is refused if well-known readers see different entries in the same bytes.

mod entry;
mod error;
#[cfg(test)]
mod fuzz;
mod header;
mod number;
mod pax;
mod reader;
mod sparse;

pub use entry::{Entry, Kind, Time};
pub use error::ArchiveError;
pub use reader::Reader;
