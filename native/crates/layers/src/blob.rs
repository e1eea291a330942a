//! Reading a layer blob: its decompressed bytes and their digest.

mod decode;
mod error;
mod pipeline;
mod source;

pub use error::BlobError;
pub use pipeline::{Digested, read};
pub use source::{Arriving, Blob};
