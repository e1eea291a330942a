//! Messages between the daemon and a worker: a short-lived fork of the zygote that handles files whose
//! names and contents an image controls.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::launch::{FileTree, Mount, Root};

/// One task of a worker. Paths of the store are relative to its root and never leave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "operation",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum WorkRequest {
    /// Unpacks a layer blob (tar, gzip or zstd by content) into `layers/.staging/<random>`, checks
    /// the diffID over every decompressed byte, syncs, and renames it to `layers/sha256/<hex>`.
    /// If that directory exists, only the diffID is checked. Descriptors: channel; blob (a file or a pipe); for a
    /// blob that is still being downloaded a socket or pipe with one byte per growth of the file, which
    /// ends when the download ends.
    Unpack {
        /// `sha256:<hex>`; absent for an imported tar, whose computed diffID is used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        diff_id: Option<String>,
        limits: UnpackLimits,
        /// Final size of a blob that is still being downloaded, in bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arriving: Option<u64>,
    },
    /// Unpacks a layer's blob into a second directory and compares the two. Descriptors: channel, blob.
    Verify {
        diff_id: String,
        limits: UnpackLimits,
    },
    /// Deletes directory trees without following links. Missing ones are no error. Descriptors: channel.
    Remove { paths: Vec<String> },
    /// Empties directories of ended containers for the next ones and renames each to `.ready-NAME` in its parent. Deletes
    /// those that cannot be used again. Descriptors: channel.
    Recycle { directories: Vec<UsedDirectory> },
    /// Reads the status of a path in a container's root. Descriptors: channel.
    Status {
        container: ContainerView,
        path: String,
    },
    /// Writes the files at a path in a container's root as a tar. Descriptors: channel, output.
    Archive {
        container: ContainerView,
        path: String,
    },
    /// Unpacks a tar, plain or compressed, into a directory of a container's root. Descriptors: channel,
    /// source.
    Extract {
        container: ContainerView,
        path: String,
        /// Whether a directory never replaces another kind of file, and the other way round.
        keep_kinds: bool,
        /// Whether root owns all files, whatever the archive says.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        squash: bool,
    },
    /// Writes an upper directory as a layer blob. Descriptors: channel, output.
    #[serde(rename = "layer")]
    ExportLayer { upper: String },
    /// Lists the differences between an upper directory and the layers below it, base first: `C`, `A` or
    /// `D`, then the path, each with a NUL at the end. Descriptors: channel, output.
    Changes { upper: String, lowers: Vec<String> },
    /// Writes the archive that a layer's files make now, compressed if wanted. Answered by `packed`, whose diffID the
    /// daemon compares. Descriptors: channel, output.
    Pack {
        diff_id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        compression: Option<Compression>,
    },
    /// Compresses a blob that is a plain archive. Answered by `packed`. Descriptors: channel, blob, output.
    Compress { compression: Compression },
    /// Turns an upper directory into a layer: moves it to `layers/sha256/<hex>`. Writes no blob unless a layer is there
    /// whose files make another archive. Syncs nothing. Answered by `unpacked`, or by `unchanged` if the directory
    /// is empty. Descriptors: channel.
    #[serde(rename = "keep")]
    CommitLayer {
        upper: String,
        /// Latest modification time, in seconds since the epoch; later times are set to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        latest: Option<i64>,
        /// Whether its directories hide nothing of the layers below.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        merge: bool,
    },
    /// Merges layers, base first, into an empty upper directory. Deletions in them stay deletions as far
    /// as any of `lowers`, the layers below, has the path. Files are hard links to the layers' files: the
    /// directory must only be read. Descriptors: channel.
    Merge {
        upper: String,
        layers: Vec<String>,
        lowers: Vec<String>,
    },
    /// Makes committed layers survive a power failure. Descriptors: channel.
    Sync,
    /// Lists the entries at and below a path of a tree: one `ListedEntry` a line, none if the path does not
    /// exist. The tree is mounted in the container's directory. Descriptors: channel, output.
    List {
        id: String,
        tree: FileTree,
        path: String,
    },
    /// Writes a tree as a tar. It is mounted in the container's directory. Descriptors: channel, output.
    Export { id: String, tree: FileTree },
    /// Copies files of trees into a container's root, in order. Descriptors: channel.
    Copy {
        container: ContainerView,
        copies: Vec<Copy>,
        owner: Owner,
        /// Mode for files and directories, as in chmod(1).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<String>,
        /// Whether a directory and another file replace each other; otherwise they conflict.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        replaces: bool,
    },
    /// Adds up allocated bytes and inodes below each path, each hard link once. Descriptors: channel.
    Measure { paths: Vec<String> },
}

impl WorkRequest {
    /// Returns the container whose files the request reads or changes.
    pub fn container(&self) -> Option<&ContainerView> {
        match self {
            Self::Status { container, .. }
            | Self::Archive { container, .. }
            | Self::Copy { container, .. }
            | Self::Extract { container, .. } => Some(container),
            Self::Unpack { .. }
            | Self::Verify { .. }
            | Self::Remove { .. }
            | Self::Recycle { .. }
            | Self::ExportLayer { .. }
            | Self::Pack { .. }
            | Self::Compress { .. }
            | Self::Changes { .. }
            | Self::CommitLayer { .. }
            | Self::Merge { .. }
            | Self::Sync
            | Self::List { .. }
            | Self::Export { .. }
            | Self::Measure { .. } => None,
        }
    }
}

/// A container whose files a worker reads or changes: in the container's mounts while it runs, otherwise
/// in mounts that the worker makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerView {
    pub id: String,
    pub running: bool,
    pub root: Root,
    pub mounts: Vec<Mount>,
    /// Working directory of a container that has never started. The worker creates it before it reads or changes the
    /// files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
}

/// One source of a `COPY`. The content of a directory is copied into the target. A file becomes the
/// target, or an entry of it if the target is a directory or ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Copy {
    pub tree: FileTree,
    /// Path in the tree, as text of [`crate::file_name`]; links resolve as if the tree were the root.
    pub source: String,
    /// Path in the container's root; links resolve within that root.
    pub target: String,
    /// Paths below the source that are left out.
    pub skip: Vec<String>,
    /// Whether an archive is unpacked into the target.
    pub unpack: bool,
}

/// The owner of copied files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Owner {
    /// Each file's owner in the source.
    #[serde(rename = "kept")]
    Unchanged,
    Root,
    /// `name|uid[:group|gid]`, resolved against the container's passwd and group files. A number without
    /// a group is the gid too.
    Named {
        name: String,
    },
}

/// An entry found by `List`. The path is a text of [`crate::file_name`], and empty for the listed path itself.
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

/// The result of lstat(2): links are not followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileStatus {
    /// File type and permissions.
    pub mode: u32,
    pub size: u64,
    /// Modification time, in seconds since the epoch.
    pub modified: i64,
    /// Nanoseconds of the modification time.
    pub nanoseconds: u64,
    /// Target of a symbolic link; empty for other files.
    pub target: String,
}

/// Compression format and level of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compression {
    pub format: CompressionFormat,
    /// 0 to 9 for gzip, 1 to 22 for zstd.
    pub level: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CompressionFormat {
    Gzip,
    Zstd,
}

/// Limits for one archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnpackLimits {
    /// Highest number of decompressed bytes.
    pub bytes: u64,
    /// Highest number of entries.
    pub entries: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum FromWorker {
    /// Compressed bytes consumed so far; sent at most a few times a second.
    Progress {
        bytes: u64,
    },
    Unpacked(Unpacked),
    Packed(Packed),
    /// The upper directory is empty.
    Unchanged,
    Synced,
    /// Whether the layer exists and matches its blob.
    Verified {
        intact: bool,
    },
    Removed,
    /// Names of the directories that can be used again, without their path.
    Recycled {
        ready: Vec<String>,
    },
    Status(FileStatus),
    /// The archive is written or unpacked, or the files are copied.
    Copied,
    /// Sizes in the order of the request.
    Measured {
        sizes: Vec<Size>,
    },
    Failed(Failure),
}

/// The directory of an ended container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedDirectory {
    pub path: String,
    /// Whether no other process can have files of the container open. Otherwise its upper directory and files are replaced.
    pub isolated: bool,
    /// Names of the files that were written for the container.
    pub files: Vec<String>,
    /// Whether the zygote keeps the container's overlay, which uses the work directory.
    #[serde(skip)]
    pub mounted: bool,
}

/// A layer in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unpacked {
    pub diff_id: String,
    /// Sum of the file sizes in the archive, in bytes: Docker's size of a layer.
    pub size: u64,
    pub entries: u64,
    /// Entries that were left out or changed: devices, and owners in single-id mode.
    pub warnings: Vec<String>,
    /// Whether every owner was applied; false in single-id mode if the archive has other owners.
    pub owners_kept: bool,
    /// Size of the archive in bytes if the layer's files make it again, so that no blob is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_size: Option<u64>,
}

/// An archive that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Packed {
    /// Digest of the uncompressed archive.
    pub diff_id: String,
    /// Size of the uncompressed archive in bytes.
    pub archive_size: u64,
    /// Digest and size of the written bytes: of the compressed archive, or of the plain one without compression.
    pub digest: String,
    pub size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Bytes allocated on disk.
    pub bytes: u64,
    pub inodes: u64,
    /// Lengths of the regular files, in bytes.
    pub content: u64,
}
