//! The store's directories.

mod layer_store;
mod path;
mod trees;

pub use layer_store::{LayerStore, Staging, unique_name};
pub use path::{StoreError, open_directory, open_parent};
pub use trees::{MeasurePathError, RemovePathError, measure, remove};
