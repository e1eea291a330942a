//! Requests to start programs. The daemon makes every decision beforehand: a request is complete.

use crate::keep_id::KeepId;
use serde::{Deserialize, Serialize};

/// A container to start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaunchRequest {
    /// Container id: 64 lower-case hexadecimal characters. `containers/<id>/` exists in the store; the monitor listens
    /// on `monitors/<first 32 characters>.sock` in the run directory.
    pub id: String,
    pub root: Root,
    /// Additional mounts, applied in this order after the standard ones (/proc, /dev, /sys, …).
    pub mounts: Vec<Mount>,
    pub hostname: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domainname: Option<String>,
    pub network: Network,
    #[serde(default, skip_serializing_if = "Shared::is_default")]
    pub shared: Shared,
    /// Size of a private /dev/shm in bytes; 0 for none.
    pub shm_size: u64,
    /// Kernel parameters of the container's private namespaces, written before the program starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sysctls: Vec<Sysctl>,
    pub masked_paths: Vec<String>,
    pub readonly_paths: Vec<String>,
    pub process: Process,
    pub log: Log,
    /// Attachments with one stream socket each among the descriptors, served before the program's first byte
    /// of output.
    pub attachments: Vec<Attachment>,
    /// Whether the last descriptor is a cgroup v2 directory to clone the container into.
    pub cgroup: bool,
    /// Whether the container may write below its own cgroup.
    pub cgroup_writable: bool,
    /// Whether no process outside the container can get a file or socket of the container: its network namespace may be used
    /// again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub isolated: bool,
    /// Whether the monitor syncs the exit record to disk before it ends; false for containers that are
    /// removed at exit.
    pub durable_exit: bool,
}

/// Another program to start in a running container, confined like its first one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecRequest {
    /// Container id.
    pub id: String,
    /// The container's network.
    pub network: Network,
    /// The container's shared namespaces.
    #[serde(default, skip_serializing_if = "Shared::is_default")]
    pub shared: Shared,
    /// The program; `stdin_once`, `init` and `trace` are ignored.
    pub process: Process,
    /// Attachments with one stream socket each among the descriptors, served before the program's first byte
    /// of output.
    pub attachments: Vec<Attachment>,
    /// Whether the last descriptor is the container's cgroup.
    pub cgroup: bool,
}

/// The root file system of a container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Root {
    /// Unpacked layers in the store, base first, as `sha256/<hex>` below `layers/`. The upper and
    /// work directories are `upper/` and `work/` of `containers/<id>/`.
    Layers {
        diff_ids: Vec<String>,
        readonly: bool,
        /// Whether the overlay is mounted `volatile`: the kernel never syncs the upper directory.
        volatile: bool,
        /// Whether `containers/<id>/targets` is the lowest layer. That layer contains the mount points, so that none is
        /// created in the upper directory.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        targets: bool,
    },
    /// A directory of the host as the read-only lower layer. Changes are written to a tmpfs and lost when
    /// the container exits.
    Directory { path: String, readonly: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Mount {
    /// A file or directory of the host that the user may access.
    Bind {
        source: String,
        target: String,
        readonly: bool,
        /// Whether `readonly` leaves the mounts below the source writable.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        shallow_readonly: bool,
        /// Whether mounts below the source are included.
        recursive: bool,
        propagation: Propagation,
    },
    /// A file below `containers/<id>/` of the store: /etc/hosts, /etc/hostname, /etc/resolv.conf.
    StoreFile {
        name: String,
        target: String,
        readonly: bool,
    },
    /// The directory `volumes/<name>/_data` of the store.
    Volume {
        name: String,
        target: String,
        readonly: bool,
        /// Whether an empty volume is filled with the image's files at the target.
        fill: bool,
        /// Path within the volume to mount, resolved as if the volume were the root; absent for all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subpath: Option<String>,
    },
    /// A device of the host, or a directory of devices. The host's permissions apply.
    Device {
        source: String,
        target: String,
    },
    Tmpfs(Tmpfs),
    /// The file or directory at `source` in a tree, resolved as if the tree were the root. Changes are lost
    /// with the container.
    Tree {
        tree: FileTree,
        source: String,
        target: String,
        readonly: bool,
    },
    /// The directory `build/caches/<name>` of the store, created with this owner and mode if it does not
    /// exist.
    Cache {
        name: String,
        target: String,
        readonly: bool,
        uid: u32,
        gid: u32,
        mode: u32,
    },
    /// A file kept in memory.
    Secret {
        /// Content of the file in base64.
        content: String,
        target: String,
        uid: u32,
        gid: u32,
        mode: u32,
    },
}

/// A new tmpfs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tmpfs {
    pub target: String,
    /// Size in bytes; the kernel's default if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Maximum number of files; the kernel's default if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inodes: Option<u64>,
    pub mode: u32,
    /// Owner of its root; root if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    pub readonly: bool,
    /// Whether programs on the tmpfs can be executed. Docker forbids this by default. nosuid and nodev always apply.
    pub exec: bool,
    /// Whether reads do not update access times.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub noatime: bool,
}

/// A source of files for a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum FileTree {
    /// Unpacked layers, base first, as `sha256/<hex>`; an empty list for an empty tree.
    Layers { diff_ids: Vec<String> },
    /// A directory of the host.
    Directory {
        path: String,
        /// `device:inode` of the directory that the daemon opened at the path. If the path leads to another directory
        /// now, the request is refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        identity: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Propagation {
    Private,
    Rprivate,
    Slave,
    Rslave,
    Shared,
    Rshared,
}

/// The network namespace of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Network {
    /// A private namespace with the loopback interface only.
    None,
    /// A namespace created by the net helper, by its number.
    #[serde(rename = "sandbox")]
    Namespace {
        #[serde(rename = "sandbox")]
        namespace: u64,
    },
    /// The namespace of another container, by one of its processes.
    Process { pid: u32 },
    /// The user's network namespace.
    Host,
}

/// Namespaces that a container shares with the host or with another container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shared {
    #[serde(default, skip_serializing_if = "Sharing::is_private")]
    pub pid: Sharing,
    /// IPC namespace, with /dev/shm and /dev/mqueue.
    #[serde(default, skip_serializing_if = "Sharing::is_private")]
    pub ipc: Sharing,
    /// Whether the UTS namespace is the host's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uts: bool,
    /// Whether the cgroup namespace is the host's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cgroup: bool,
}

impl Shared {
    /// Returns whether every namespace is private.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The owner of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Sharing {
    #[default]
    #[serde(rename = "own")]
    Private,
    Host,
    /// Another container, which is running.
    Container {
        id: String,
    },
}

impl Sharing {
    /// Returns whether the container has a namespace to itself.
    pub fn is_private(&self) -> bool {
        *self == Self::Private
    }
}

/// A kernel parameter; `name` is written with dots: `net.ipv4.ip_forward`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sysctl {
    pub name: String,
    pub value: String,
}

/// A program to execute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// Arguments, at least one. The first is looked up in the PATH of `env` unless it contains a slash.
    pub args: Vec<String>,
    /// Environment as `NAME=value`, without HOME, which is read from the image's passwd file.
    pub env: Vec<String>,
    /// Absolute path of the working directory. A launch creates it if it does not exist; an exec fails.
    pub cwd: String,
    /// Docker's `name|uid[:group|gid]`, resolved against the container's passwd and group files; empty
    /// for root.
    pub user: String,
    /// Supplementary groups, by name or number.
    pub groups: Vec<String>,
    /// The ids that are mapped to the caller, so that the caller owns the files that they write outside the image. An
    /// exec joins the mapping of its container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_id: Option<KeepId>,
    /// Size of the pseudo-terminal, set before the program starts; absent for three pipes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<TerminalSize>,
    /// Whether stdin is open for attachments; it is /dev/null otherwise.
    pub open_stdin: bool,
    /// Whether stdin closes when the first attachment with stdin disconnects.
    pub stdin_once: bool,
    pub umask: u32,
    /// Capability names in upper case, without the `CAP_` prefix.
    pub capabilities: Vec<String>,
    pub no_new_privileges: bool,
    pub seccomp: Seccomp,
    pub rlimits: Vec<Rlimit>,
    /// The program's `oom_score_adj`, -1000 to 1000; the daemon's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_score_adjustment: Option<i32>,
    /// Whether the program runs as a child of a small PID 1 that reaps zombies and forwards signals.
    pub init: bool,
    /// Time of the start request, in nanoseconds of CLOCK_MONOTONIC. If present, `TBOX_TRACE=<phase>=<µs> …`,
    /// counted from then, is added to the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    pub columns: u16,
    pub rows: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seccomp {
    Default,
    Unconfined,
    /// The filter of a user's profile: a classic BPF program as the kernel reads it, in base64, and the flags of its
    /// installation.
    Filter {
        program: String,
        flags: u32,
    },
}

/// A resource limit; `name` as in Docker's `--ulimit`: nofile, nproc, core, …; -1 is unlimited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rlimit {
    pub name: String,
    pub soft: i64,
    pub hard: i64,
}

/// The log of a container's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Log {
    /// Docker's json-file records in `containers/<id>/log/container.log`; rotated files are
    /// `container.log.1` (newest) and up.
    JsonFile {
        max_size: u64,
        max_file: u32,
    },
    None,
}

/// The streams on a stream socket and their framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Whether bytes read from the socket are written to the program's stdin; end of file closes it.
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    pub framing: Framing,
    /// Whether the stream continues the container's log: it begins with a [`LogEnd`](crate::monitor::LogEnd) and the
    /// unfinished lines, which the log does not have.
    #[serde(
        default,
        rename = "afterLog",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub after_log: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// Docker's eight-byte header (stream, 0, 0, 0, length in big-endian order) before each chunk.
    Multiplexed,
    Raw,
}
