/**
 * The messages between the daemon and the helper, as in `native/crates/protocol`: schemas for what
 * arrives, types for what is sent.
 */
import { z } from "zod";

/** A daemon speaks only to a zygote of its own version. */
export const protocolVersion = 10;

export const failureSchema = z.object({
  kind: z.enum([
    "command-not-found",
    "command-not-executable",
    "invalid-argument",
    "invalid-image",
    "digest-mismatch",
    "unmapped-id",
    "not-found",
    "not-running",
    "exhausted",
    "system",
  ]),
  step: z.string(),
  subject: z.string().optional(),
  errno: z.number().optional(),
  message: z.string(),
});

const idRangesSchema = z.array(z.object({ inside: z.number(), outside: z.number(), count: z.number() }));

const mappingSchema = z.object({
  mode: z.enum(["range", "single"]),
  uids: idRangesSchema,
  gids: idRangesSchema,
  reason: z.string().optional(),
});

export const fromZygoteSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("welcome"),
    version: z.number(),
    pid: z.number(),
    mapping: mappingSchema,
    cgroupNamespace: z.boolean(),
  }),
  failureSchema.extend({ type: z.literal("refused") }),
]);

const startedSchema = z.object({
  pid: z.number(),
  startedAt: z.string(),
  phases: z.array(z.object({ name: z.string(), at: z.number() })),
});

/** Also the content of a container's `exit.json`. */
export const exitedSchema = z.object({
  pid: z.number(),
  code: z.number(),
  signal: z.number().optional(),
  oomKilled: z.boolean(),
  startedAt: z.string(),
  finishedAt: z.string(),
});

export const fromMonitorSchema = z.discriminatedUnion("type", [
  startedSchema.extend({ type: z.literal("started") }),
  failureSchema.extend({ type: z.literal("failed") }),
  z.object({ type: z.literal("logged"), generation: z.number(), size: z.number() }),
  z.object({ type: z.literal("out-of-memory") }),
  exitedSchema.extend({ type: z.literal("exited") }),
  failureSchema.extend({ type: z.literal("refused") }),
]);

const unpackedSchema = z.object({
  diffId: z.string(),
  size: z.number(),
  entries: z.number(),
  warnings: z.array(z.string()),
  ownersKept: z.boolean(),
});

/** As of stat(2); of a link itself. */
const fileStatusSchema = z.object({
  /** Type and permissions. */
  mode: z.number(),
  size: z.number(),
  /** Seconds since the epoch, and nanoseconds. */
  modified: z.number(),
  nanoseconds: z.number(),
  /** Of a link. */
  target: z.string(),
});

export const fromWorkerSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("progress"), bytes: z.number() }),
  unpackedSchema.extend({ type: z.literal("unpacked") }),
  z.object({ type: z.literal("unchanged") }),
  z.object({ type: z.literal("synced") }),
  z.object({ type: z.literal("verified"), intact: z.boolean() }),
  z.object({ type: z.literal("removed") }),
  z.object({
    type: z.literal("measured"),
    sizes: z.array(z.object({ bytes: z.number(), inodes: z.number() })),
  }),
  fileStatusSchema.extend({ type: z.literal("status") }),
  z.object({ type: z.literal("copied") }),
  failureSchema.extend({ type: z.literal("failed") }),
]);

export type FileStatus = z.infer<typeof fileStatusSchema>;
export type Failure = z.infer<typeof failureSchema>;
export type Mapping = z.infer<typeof mappingSchema>;
export type FromZygote = z.infer<typeof fromZygoteSchema>;
export type Started = z.infer<typeof startedSchema>;
export type Exited = z.infer<typeof exitedSchema>;
export type Unpacked = z.infer<typeof unpackedSchema>;
export type FromWorker = z.infer<typeof fromWorkerSchema>;

/** What a message says, without its name. */
export function withoutType<T extends { type: string }>({ type: _, ...content }: T): Omit<T, "type"> {
  return content;
}

/** Allocated on disk, in bytes. */
export interface TreeSize {
  bytes: number;
  inodes: number;
}

export type ToZygote =
  | { type: "hello" }
  | ({ type: "launch" } & LaunchRequest)
  | ({ type: "exec" } & ExecRequest)
  | ({ type: "work" } & WorkRequest)
  | { type: "net" }
  | { type: "shutdown" };

export type ToMonitor =
  | ({ type: "attach" } & Attachment)
  | { type: "signal"; number: number }
  | { type: "resize"; columns: number; rows: number }
  | ({ type: "await-log" } & LogPosition);

/** `generation` counts rotations, `size` is in bytes. */
export interface LogPosition {
  generation: number;
  size: number;
}

/** Paths are relative to the store's root. */
export type WorkRequest =
  /** `arriving` is the size that the blob will have, where its file is still being written. */
  | { operation: "unpack"; diffId?: string; limits: UnpackLimits; arriving?: number }
  /** Unpacks a layer's blob once more, beside, and compares. */
  | { operation: "verify"; diffId: string; limits: UnpackLimits }
  | { operation: "remove"; paths: string[] }
  | { operation: "measure"; paths: string[] }
  | { operation: "status"; container: ContainerView; path: string }
  | { operation: "archive"; container: ContainerView; path: string }
  | { operation: "extract"; container: ContainerView; path: string; keepKinds: boolean; squash?: boolean }
  /** Writes an upper directory as a layer. */
  | { operation: "layer"; upper: string }
  /** Lists what an upper directory changes of the layers below: `C`, `A` or `D`, the path, a NUL each. */
  | { operation: "changes"; upper: string; lowers: string[] }
  /**
   * Makes an upper directory a layer, unsynced; `latest` limits times of modification, in seconds; with `merge`
   * its directories hide nothing of those below.
   */
  | { operation: "keep"; upper: string; latest?: number; merge?: boolean }
  /** Lays layers, base first, that are above `lowers`, over one another in an empty upper directory: to be read only. */
  | { operation: "merge"; upper: string; layers: string[]; lowers: string[] }
  /** Makes what was kept survive a loss of power. */
  | { operation: "sync" }
  /** Lists what lies at a path of a tree and below: one `ListedEntry` a line. */
  | { operation: "list"; id: string; tree: Tree; path: string }
  /** Writes a tree as a tar. */
  | { operation: "export"; id: string; tree: Tree }
  /** Copies files of trees into a container's root, in order; `mode` as of chmod(1). */
  | { operation: "copy"; container: ContainerView; copies: Copy[]; owner: Owner; mode?: string };

/** One source of a `COPY`: a directory's content, or a file. */
export interface Copy {
  tree: Tree;
  /** Resolved as in a root, links and all. */
  source: string;
  /** The same in the container's root; a directory when it ends with a slash. */
  target: string;
  /** Left out: paths below the source. */
  skip: string[];
  /** Whether an archive is unpacked into the target. */
  unpack: boolean;
}

/** `named` is `name|uid[:group|gid]`, resolved against the container's own files. */
export type Owner = { type: "kept" } | { type: "root" } | { type: "named"; name: string };

/** Files that a build takes from: layers, base first, as `sha256/<hex>`; or a directory of the host. */
export type Tree = { type: "layers"; diffIds: string[] } | { type: "directory"; path: string };

/** The path is empty for the listed path itself. */
export interface ListedEntry {
  path: string;
  kind: "file" | "directory" | "link" | "other";
}

/** A container whose files are looked at: in its own mounts while it runs, in the worker's otherwise. */
export interface ContainerView {
  id: string;
  running: boolean;
  root: Root;
  mounts: Mount[];
}

export interface UnpackLimits {
  /** Most decompressed bytes. */
  bytes: number;
  entries: number;
}

/** Which streams a connection carries, and in which framing. */
export interface Attachment {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  framing: "multiplexed" | "raw";
}

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** What a container is made of, decided beforehand. `containers/<id>/` exists in the store. */
export interface LaunchRequest {
  /** 64 lower-case hex characters. */
  id: string;
  root: Root;
  /** Applied in this order, after the standard mounts. */
  mounts: Mount[];
  hostname: string;
  domainname?: string;
  /**
   * A network namespace with only the loopback interface, one that the net helper made, that of another
   * container's process, or the user's own.
   */
  network:
    | { type: "none" }
    | { type: "sandbox"; sandbox: number }
    | { type: "process"; pid: number }
    | { type: "host" };
  shared?: Shared;
  /** Size of /dev/shm in bytes, where it is the container's own; 0 for none. */
  shmSize: number;
  /** Each of a namespace that is the container's own. */
  sysctls?: { name: string; value: string }[];
  maskedPaths: string[];
  readonlyPaths: string[];
  process: ContainerProcess;
  log: { type: "json-file"; maxSize: number; maxFile: number } | { type: "none" };
  attachments: Attachment[];
  /** Whether a cgroup directory is passed to clone the container into. */
  cgroup: boolean;
  /** Whether the container may write below its own cgroup. */
  cgroupWritable: boolean;
  /** Whether the exit record is synced to disk. */
  durableExit: boolean;
}

/** One more program in a container that runs. */
export interface ExecRequest {
  /** Of the container. */
  id: string;
  network: LaunchRequest["network"];
  /** The container's own. */
  shared?: Shared;
  process: ContainerProcess;
  attachments: Attachment[];
  /** Whether the container's cgroup directory is passed. */
  cgroup: boolean;
}

export type Exec = Omit<ExecRequest, "attachments" | "cgroup">;

/** Which namespaces a container has in common with others; `uts` and `cgroup` are the host's. */
export interface Shared {
  pid?: Sharing;
  /** With it go /dev/shm and /dev/mqueue. */
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
      /** Whether `containers/<id>/targets` lies below the layers. */
      targets?: boolean;
    }
  /** A directory of the host; changes are lost when the container ends. */
  | { type: "directory"; path: string; readonly: boolean };

export type Mount =
  | {
      type: "bind";
      source: string;
      target: string;
      readonly: boolean;
      /** With everything mounted below the source. */
      recursive: boolean;
      propagation: "private" | "rprivate" | "slave" | "rslave" | "shared" | "rshared";
    }
  /** A file below `containers/<id>/` of the store. */
  | { type: "store-file"; name: string; target: string; readonly: boolean }
  /** `fill` gives an empty volume what the image has at the target. */
  | { type: "volume"; name: string; target: string; readonly: boolean; fill: boolean; subpath?: string }
  /** A device of the host, or a directory with some. */
  | { type: "device"; source: string; target: string }
  /** `size` in bytes. */
  | { type: "tmpfs"; target: string; size?: number; mode: number; readonly: boolean; exec: boolean }
  /** What lies at `source` in a tree; changes are lost with the container. */
  | { type: "tree"; tree: Tree; source: string; target: string; readonly: boolean }
  /** `build/caches/<name>` of the store, made with this owner and mode where it is missing. */
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

export interface ContainerProcess {
  /** The first is looked up in the PATH of `env` unless it holds a slash. */
  args: string[];
  /** `NAME=value`, complete but for HOME. */
  env: string[];
  /** Absolute; created if missing. */
  cwd: string;
  /** Docker's `name|uid[:group|gid]`; empty is root. */
  user: string;
  groups: string[];
  /** Whether `user` is to be the caller; of an exec, whether the container's own user is. */
  keepId: boolean;
  /** A terminal of this size; three pipes when absent. */
  tty?: TerminalSize;
  /** Whether stdin is kept for attachments; /dev/null otherwise. */
  openStdin: boolean;
  /** Closes stdin when the first attachment that had it goes. */
  stdinOnce: boolean;
  umask: number;
  /** Upper case, without `CAP_`. */
  capabilities: string[];
  noNewPrivileges: boolean;
  seccomp: "default" | "unconfined";
  /** -1 is unlimited. */
  rlimits: { name: string; soft: number; hard: number }[];
  /** How readily the kernel ends it for want of memory; the daemon's own when absent. */
  oomScoreAdjustment?: number;
  /** Runs the program under a small PID 1 that reaps and forwards signals. */
  init: boolean;
  /** When the start was asked for, as of `monotonic`: adds `TBOX_TRACE=<phase>=<µs> …` to the environment. */
  trace?: number;
}
