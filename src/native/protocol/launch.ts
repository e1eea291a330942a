/** Requests to start programs. The daemon makes every decision beforehand. */
import type { Attachment } from "./monitor.ts";

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** A container to start. `containers/<id>/` exists in the store. */
export interface LaunchRequest {
  /** 64 lower-case hex characters. */
  id: string;
  root: Root;
  /** Additional mounts, applied in this order after the standard ones. */
  mounts: Mount[];
  hostname: string;
  domainname?: string;
  /**
   * A network namespace with only the loopback interface, one that the net helper created, the one of another
   * container's process, or the host's.
   */
  network:
    | { type: "none" }
    | { type: "sandbox"; sandbox: number }
    | { type: "process"; pid: number }
    | { type: "host" };
  shared?: Shared;
  /** Size of a private /dev/shm in bytes; 0 for none. */
  shmSize: number;
  /** Kernel parameters of the container's private namespaces. */
  sysctls?: { name: string; value: string }[];
  maskedPaths: string[];
  readonlyPaths: string[];
  process: ContainerProcess;
  log: { type: "json-file"; maxSize: number; maxFile: number } | { type: "none" };
  attachments: Attachment[];
  /** Whether the last descriptor is a cgroup directory to clone the container into. */
  cgroup: boolean;
  /** Whether the container may write below its own cgroup. */
  cgroupWritable: boolean;
  /** Whether no process outside the container can get a file or socket of the container. */
  isolated?: true;
  /** Whether the exit record is synced to disk. */
  durableExit: boolean;
}

/** Another program to start in a running container. */
export interface ExecRequest {
  /** Container ID. */
  id: string;
  network: LaunchRequest["network"];
  /** Shared namespaces of the container. */
  shared?: Shared;
  process: ContainerProcess;
  attachments: Attachment[];
  /** Whether the last descriptor is the container's cgroup directory. */
  cgroup: boolean;
}

export type Exec = Omit<ExecRequest, "attachments" | "cgroup">;

/** Namespaces that a container shares; `uts` and `cgroup` are shared with the host. */
export interface Shared {
  pid?: Sharing;
  /** Includes /dev/shm and /dev/mqueue. */
  ipc?: Sharing;
  uts?: true;
  cgroup?: true;
}

export type Sharing = { type: "host" } | { type: "container"; id: string };

export type Root =
  /** Unpacked layers, base first, as `sha256/<hex>`. */
  | {
      type: "layers";
      diffIds: string[];
      readonly: boolean;
      volatile: boolean;
      /** Whether `containers/<id>/targets` is the lowest layer. */
      targets?: boolean;
    }
  /** A directory of the host; changes are lost when the container exits. */
  | { type: "directory"; path: string; readonly: boolean };

/** A new tmpfs. Absent limits are the kernel's. The tmpfs belongs to root unless `uid` and `gid` name other owners. */
export interface TmpfsMount {
  type: "tmpfs";
  target: string;
  /** Bytes. */
  size?: number;
  /** Maximum number of files. */
  inodes?: number;
  mode: number;
  uid?: number;
  gid?: number;
  readonly: boolean;
  exec: boolean;
  /** Whether reads do not update access times. */
  noatime?: boolean;
}

export type Mount =
  | {
      type: "bind";
      source: string;
      target: string;
      readonly: boolean;
      /** Whether `readonly` leaves the mounts below the source writable. */
      shallowReadonly?: boolean;
      /** Whether mounts below the source are included. */
      recursive: boolean;
      propagation: "private" | "rprivate" | "slave" | "rslave" | "shared" | "rshared";
    }
  /** A file below `containers/<id>/` of the store. */
  | { type: "store-file"; name: string; target: string; readonly: boolean }
  /** A volume; `fill` copies the image's files at the target into an empty one. */
  | { type: "volume"; name: string; target: string; readonly: boolean; fill: boolean; subpath?: string }
  /** A device of the host, or a directory of devices. */
  | { type: "device"; source: string; target: string }
  | TmpfsMount
  /** The file or directory at `source` in a tree; changes are lost with the container. */
  | { type: "tree"; tree: Tree; source: string; target: string; readonly: boolean }
  /** `build/caches/<name>` of the store, created with this owner and mode if missing. */
  | {
      type: "cache";
      name: string;
      target: string;
      readonly: boolean;
      uid: number;
      gid: number;
      mode: number;
    }
  /** A file in memory; the content is base64. */
  | { type: "secret"; content: string; target: string; uid: number; gid: number; mode: number };

/** Ids of a container that map to the caller's. */
export interface KeepId {
  /** User of the container's passwd file, instead of `uid` and `gid`. */
  user?: string;
  /** User; the program's when absent. */
  uid?: number;
  /** Group; the program's, or the primary group of `uid`, when absent. */
  gid?: number;
  /** Whether the container has never run, so that its files still have the image's owners. */
  firstStart?: boolean;
}

/** The default filter, none, or that of a user's profile: a BPF program in base64 and the flags of its installation. */
export type Seccomp = "default" | "unconfined" | { filter: { program: string; flags: number } };

export interface ContainerProcess {
  /** Program and arguments; a program without a slash is searched in the PATH of `env`. */
  args: string[];
  /** Complete environment except HOME, as `NAME=value`. */
  env: string[];
  /** Absolute working directory, created if missing. */
  cwd: string;
  /** User as `name|uid[:group|gid]`; empty for root. */
  user: string;
  groups: string[];
  /** Ids that map to the caller's on the host. An exec joins the mapping of its container. */
  keepId?: KeepId;
  /** Initial size of the terminal; three pipes when absent. */
  tty?: TerminalSize;
  /** Whether attachments can write to stdin. Otherwise stdin is /dev/null. */
  openStdin: boolean;
  /** Whether stdin closes when the first attachment with stdin ends. */
  stdinOnce: boolean;
  umask: number;
  /** Capabilities in upper case, without `CAP_`. */
  capabilities: string[];
  noNewPrivileges: boolean;
  seccomp: Seccomp;
  /** Resource limits; -1 is unlimited. */
  rlimits: { name: string; soft: number; hard: number }[];
  /** OOM score adjustment; the daemon's own when absent. */
  oomScoreAdjustment?: number;
  /** Whether a small init process runs as PID 1, reaps processes and forwards signals. */
  init: boolean;
  /** Time of the request as of `monotonic`; adds `TBOX_TRACE=<phase>=<µs> …` to the environment. */
  trace?: number;
}

/** Files that a build reads: layers, base first, as `sha256/<hex>`; or a directory of the host. */
export type Tree =
  | { type: "layers"; diffIds: string[] }
  /** `identity` is `device:inode` of the directory that was opened at the path; another one is refused. */
  | { type: "directory"; path: string; identity?: string };
