//! Everything a monitor and a container's init need to know, decided by the daemon beforehand.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaunchRequest {
    /// 64 lower-case hex characters. `containers/<id>/` exists in the store; the monitor listens on
    /// `monitors/<first 32 characters>.sock` in the run directory.
    pub id: String,
    pub root: Root,
    /// Applied in this order, after the standard mounts (/proc, /dev, /sys, …).
    pub mounts: Vec<Mount>,
    pub hostname: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domainname: Option<String>,
    pub network: Network,
    #[serde(default, skip_serializing_if = "Shared::is_nothing")]
    pub shared: Shared,
    /// Size of /dev/shm in bytes, where it is the container's own; 0 for none.
    pub shm_size: u64,
    /// Written before the program starts; each of a namespace that is the container's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sysctls: Vec<Sysctl>,
    pub masked_paths: Vec<String>,
    pub readonly_paths: Vec<String>,
    pub process: Process,
    pub log: Log,
    /// One stream socket each, among the descriptors; served from before the program's first byte.
    pub attachments: Vec<Attachment>,
    /// Whether the last descriptor is a cgroup v2 directory to clone the container into.
    pub cgroup: bool,
    /// Whether the container may write below its own cgroup.
    pub cgroup_writable: bool,
    /// Whether the exit record is synced to disk before [`crate::monitor::FromMonitor::Exited`] is
    /// followed by the monitor's end; off for containers that are removed at exit.
    pub durable_exit: bool,
}

/// One more program in a container that runs, confined as its first one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecRequest {
    /// Of the container.
    pub id: String,
    /// The container's own.
    pub network: Network,
    /// The container's own.
    #[serde(default, skip_serializing_if = "Shared::is_nothing")]
    pub shared: Shared,
    /// `stdin_once`, `init` and `trace` mean nothing here.
    pub process: Process,
    /// One stream socket each, among the descriptors; served from before the program's first byte.
    pub attachments: Vec<Attachment>,
    /// Whether the last descriptor is the container's cgroup.
    pub cgroup: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Root {
    /// Unpacked layers of the store, base first, as `sha256/<hex>` below `layers/`. The upper and
    /// work directories are `upper/` and `work/` of `containers/<id>/`.
    Layers {
        diff_ids: Vec<String>,
        readonly: bool,
        /// Mounts the overlay `volatile`: nothing of the upper directory is synced.
        volatile: bool,
        /// Whether `containers/<id>/targets` lies below the layers: what the mounts cover is found there,
        /// so that nothing is made for them in the upper directory.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        targets: bool,
    },
    /// A directory of the host as the read-only lower layer; changes go to a tmpfs and are lost
    /// when the container ends.
    Directory { path: String, readonly: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Mount {
    /// A file or directory of the host, resolved by the user's own rights.
    Bind {
        source: String,
        target: String,
        readonly: bool,
        /// With everything mounted below the source.
        recursive: bool,
        propagation: Propagation,
    },
    /// A file below `containers/<id>/` of the store: /etc/hosts, /etc/hostname, /etc/resolv.conf.
    StoreFile {
        name: String,
        target: String,
        readonly: bool,
    },
    /// `volumes/<name>/_data` of the store.
    Volume {
        name: String,
        target: String,
        readonly: bool,
        /// Whether an empty volume gets what the image has at the target.
        fill: bool,
        /// What of the volume is mounted, resolved as in a root; all of it when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subpath: Option<String>,
    },
    /// A device of the host, or a directory with some, for whoever may open it there.
    Device { source: String, target: String },
    Tmpfs {
        target: String,
        /// Bytes; the kernel's default when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        mode: u32,
        readonly: bool,
        /// Docker mounts tmpfs noexec unless asked; nosuid and nodev always hold.
        exec: bool,
    },
    /// What lies at `source` in a tree, resolved as in a root. Changes are lost with the container.
    Tree {
        tree: Tree,
        source: String,
        target: String,
        readonly: bool,
    },
    /// `build/caches/<name>` of the store, made with this owner and mode where it is missing.
    Cache {
        name: String,
        target: String,
        readonly: bool,
        uid: u32,
        gid: u32,
        mode: u32,
    },
    /// A file in memory.
    Secret {
        /// Base64.
        content: String,
        target: String,
        uid: u32,
        gid: u32,
        mode: u32,
    },
}

/// Files that a build takes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Tree {
    /// Unpacked layers, base first, as `sha256/<hex>`; none for no files.
    Layers { diff_ids: Vec<String> },
    /// A directory of the host.
    Directory { path: String },
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Network {
    /// A network namespace of its own with only the loopback interface, up.
    None,
    /// A network namespace that the net helper has made.
    Sandbox { sandbox: u64 },
    /// The one that a process of another container is in.
    Process { pid: u32 },
    /// The user's own network namespace.
    Host,
}

/// Which namespaces a container has in common with others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shared {
    #[serde(default, skip_serializing_if = "Sharing::is_own")]
    pub pid: Sharing,
    /// With it go /dev/shm and /dev/mqueue.
    #[serde(default, skip_serializing_if = "Sharing::is_own")]
    pub ipc: Sharing,
    /// The host's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uts: bool,
    /// The host's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cgroup: bool,
}

impl Shared {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Sharing {
    #[default]
    Own,
    Host,
    /// Another container's, which runs.
    Container {
        id: String,
    },
}

impl Sharing {
    pub fn is_own(&self) -> bool {
        *self == Self::Own
    }
}

/// `name` has dots: `net.ipv4.ip_forward`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sysctl {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// At least one; the first is looked up in the PATH of `env` unless it holds a slash.
    pub args: Vec<String>,
    /// `NAME=value`, complete but for HOME, which init adds from the image's passwd file.
    pub env: Vec<String>,
    /// Absolute; created if missing.
    pub cwd: String,
    /// Docker's `name|uid[:group|gid]`, resolved against the container's passwd and group files;
    /// empty is root.
    pub user: String,
    /// Supplementary groups, by name or number.
    pub groups: Vec<String>,
    /// Whether `user` is to be the caller: what it writes outside the image is then the caller's. For an
    /// exec: whether the container's own user is.
    pub keep_id: bool,
    /// A pseudo-terminal of this size, set before the program starts; absent: three pipes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<TerminalSize>,
    /// Whether stdin is kept for attachments; /dev/null otherwise.
    pub open_stdin: bool,
    /// Closes stdin when the first attachment that had it goes.
    pub stdin_once: bool,
    pub umask: u32,
    /// Names without the `CAP_` prefix, upper case.
    pub capabilities: Vec<String>,
    pub no_new_privileges: bool,
    pub seccomp: Seccomp,
    pub rlimits: Vec<Rlimit>,
    /// How readily the kernel ends the program for want of memory, -1000 to 1000; the daemon's own
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_score_adjustment: Option<i32>,
    /// Runs the program as a child of a small PID 1 that reaps and forwards signals.
    pub init: bool,
    /// When the start was asked for, in nanoseconds of CLOCK_MONOTONIC: `TBOX_TRACE=<phase>=<µs> …` since
    /// then is added to the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    pub columns: u16,
    pub rows: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seccomp {
    Default,
    Unconfined,
}

/// `name` as in Docker's `--ulimit`: nofile, nproc, core, …; -1 is unlimited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rlimit {
    pub name: String,
    pub soft: i64,
    pub hard: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Log {
    /// Docker's json-file records in `containers/<id>/log/container.log`, older files beside it as
    /// `container.log.1` (newest) and up.
    JsonFile {
        max_size: u64,
        max_file: u32,
    },
    None,
}

/// Which streams a stream socket carries, and in which framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Bytes read from the socket go to the program's stdin; end of file closes it.
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    pub framing: Framing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// Docker's eight-byte header (stream, 0, 0, 0, length big-endian) before each piece.
    Multiplexed,
    Raw,
}
