//! Daemon ↔ worker: a short-lived fork of the zygote that handles image-controlled files.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::launch::{Mount, Root, Tree};

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
    /// Already there: succeeds at once. Descriptors: channel, blob (a file or a pipe), and of a blob that is still
    /// arriving a socket or pipe that says so: a byte whenever the file has grown, and the end when it will not any
    /// more.
    Unpack {
        /// `sha256:<hex>`; computed and used as found when absent (import of a tar).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        diff_id: Option<String>,
        limits: UnpackLimits,
        /// Bytes that the blob will have, where it is a file that is still being written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arriving: Option<u64>,
    },
    /// Unpacks a layer's blob once more, beside, and compares. Descriptors: channel, blob.
    Verify {
        diff_id: String,
        limits: UnpackLimits,
    },
    /// Deletes trees, without following anything. Missing ones are no error. Descriptors: channel.
    Remove { paths: Vec<String> },
    /// Says what lies at a path of a container's root. Descriptors: channel.
    Status {
        container: ContainerView,
        path: String,
    },
    /// Writes what lies there as a tar. Descriptors: channel, output.
    Archive {
        container: ContainerView,
        path: String,
    },
    /// Unpacks a tar, plain or compressed, into the directory there. Descriptors: channel, source.
    Extract {
        container: ContainerView,
        path: String,
        /// A directory and something else never take each other's place.
        keep_kinds: bool,
        /// Whether everything is to be root's, whatever the archive says.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        squash: bool,
    },
    /// Writes an upper directory as a layer. Descriptors: channel, output.
    Layer { upper: String },
    /// Lists what an upper directory changes of the layers below, base first: `C`, `A` or `D`, the path, a NUL
    /// each. Descriptors: channel, output.
    Changes { upper: String, lowers: Vec<String> },
    /// Makes an upper directory a layer: its blob, a plain tar, and the directory itself, moved to
    /// `layers/sha256/<hex>`. Nothing is synced. Answers `unpacked`, or `unchanged` when it is empty.
    /// Descriptors: channel.
    Keep {
        upper: String,
        /// Later times of modification, in seconds since the epoch, become this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        latest: Option<i64>,
        /// Whether its directories are to hide nothing of those below.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        merge: bool,
    },
    /// Lays layers, base first, over one another in an upper directory that is empty. What they delete of those below
    /// stays deleted, as far as any of those, `lowers`, has it. Its files are theirs, under one more name: it is to be
    /// read only. Descriptors: channel.
    Merge {
        upper: String,
        layers: Vec<String>,
        lowers: Vec<String>,
    },
    /// Makes what was kept survive a loss of power. Descriptors: channel.
    Sync,
    /// Lists what lies at a path of a tree and below: one `ListedEntry` a line, nothing where there is
    /// nothing. The tree is mounted in the container's directory. Descriptors: channel, output.
    List {
        id: String,
        tree: Tree,
        path: String,
    },
    /// Writes a tree as a tar. It is mounted in the container's directory. Descriptors: channel, output.
    Export { id: String, tree: Tree },
    /// Copies files of trees into a container's root, in order. Descriptors: channel.
    Copy {
        container: ContainerView,
        copies: Vec<Copy>,
        owner: Owner,
        /// As of chmod(1), for files and directories.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<String>,
    },
    /// Adds up allocated bytes and inodes below each path, hard links once. Descriptors: channel.
    Measure { paths: Vec<String> },
}

impl WorkRequest {
    /// The container whose files it is about.
    pub fn container(&self) -> Option<&ContainerView> {
        match self {
            Self::Status { container, .. }
            | Self::Archive { container, .. }
            | Self::Copy { container, .. }
            | Self::Extract { container, .. } => Some(container),
            Self::Unpack { .. }
            | Self::Verify { .. }
            | Self::Remove { .. }
            | Self::Layer { .. }
            | Self::Changes { .. }
            | Self::Keep { .. }
            | Self::Merge { .. }
            | Self::Sync
            | Self::List { .. }
            | Self::Export { .. }
            | Self::Measure { .. } => None,
        }
    }
}

/// A container whose files are looked at: in its own mounts while it runs, in mounts of the worker's otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerView {
    pub id: String,
    pub running: bool,
    pub root: Root,
    pub mounts: Vec<Mount>,
}

/// One source of a `COPY`. A directory's content goes into the target; a file becomes the target, or goes into it
/// where that is a directory or ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Copy {
    pub tree: Tree,
    /// Resolved as in a root, links and all.
    pub source: String,
    /// The same in the container's root.
    pub target: String,
    /// Left out: paths below the source.
    pub skip: Vec<String>,
    /// Whether an archive is unpacked into the target.
    pub unpack: bool,
}

/// Whose the copies are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Owner {
    /// As in the source.
    Kept,
    Root,
    /// `name|uid[:group|gid]`, resolved against the container's passwd and group files. Without a group
    /// it is the number of the user.
    Named {
        name: String,
    },
}

/// What `List` finds; the path is empty for the listed path itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedEntry {
    pub path: String,
    pub kind: EntryKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    File,
    Directory,
    Link,
    Other,
}

/// As of `stat`; of a link itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileStatus {
    /// Type and permissions.
    pub mode: u32,
    pub size: u64,
    /// Seconds since the epoch, and nanoseconds.
    pub modified: i64,
    pub nanoseconds: u64,
    /// Of a link.
    pub target: String,
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
    /// An upper directory in which nothing was changed.
    Unchanged,
    Synced,
    /// Whether the layer is there and as its blob says.
    Verified {
        intact: bool,
    },
    Removed,
    Status(FileStatus),
    /// The archive is written, or unpacked; the files are copied.
    Copied,
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
