//! Daemon ↔ worker: a short-lived fork of the zygote that handles image-controlled files.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Paths are relative to the store's root and never leave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "operation",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum WorkRequest {
    /// Unpacks a layer blob (tar, gzip or zstd by content) into `layers/.staging/<random>`, checks
    /// the diffID over every decompressed byte, syncs, and renames it to `layers/sha256/<hex>`.
    /// Already there: succeeds at once. Descriptors: channel, blob (a file or a pipe).
    Unpack {
        /// `sha256:<hex>`; computed and used as found when absent (import of a tar).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        diff_id: Option<String>,
        limits: UnpackLimits,
    },
    /// Deletes trees, without following anything. Missing ones are no error. Descriptors: channel.
    Remove { paths: Vec<String> },
    /// Adds up allocated bytes and inodes below each path, hard links once. Descriptors: channel.
    Measure { paths: Vec<String> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnpackLimits {
    /// Most decompressed bytes.
    pub bytes: u64,
    /// Most entries.
    pub entries: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum FromWorker {
    /// Compressed bytes consumed so far; at most a few per second.
    Progress {
        bytes: u64,
    },
    Unpacked(Unpacked),
    Removed,
    /// In the order of the request.
    Measured {
        sizes: Vec<Size>,
    },
    Failed(Failure),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unpacked {
    pub diff_id: String,
    /// Sum of the file sizes in the archive, in bytes: what Docker calls the layer's size.
    pub size: u64,
    pub entries: u64,
    /// What was left out or changed: devices skipped, owners squashed in single-id mode.
    pub warnings: Vec<String>,
    /// Whether every owner was kept (false in single-id mode when the archive had others).
    pub owners_kept: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Allocated on disk.
    pub bytes: u64,
    pub inodes: u64,
}
