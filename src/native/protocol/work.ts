/** Messages between the daemon and a worker, which handles files that an image controls. */
import { z } from "zod";
import { failureSchema } from "./failure.ts";
import type { Mount, Root, Tree } from "./launch.ts";

const unpackedSchema = z.object({
  diffId: z.string(),
  size: z.number(),
  entries: z.number(),
  warnings: z.array(z.string()),
  ownersKept: z.boolean(),
  /** Size of the archive in bytes if the layer's files make it again, so that no blob is needed. */
  archiveSize: z.number().optional(),
});

const packedSchema = z.object({
  /** Digest of the uncompressed archive. */
  diffId: z.string(),
  /** Size of the uncompressed archive in bytes. */
  archiveSize: z.number(),
  /** Digest and size of the written bytes. */
  digest: z.string(),
  size: z.number(),
});

/** The status of a file as in stat(2), without following a link. */
const fileStatusSchema = z.object({
  /** Type and permissions. */
  mode: z.number(),
  size: z.number(),
  /** Modification time in seconds since the epoch; `nanoseconds` is its fraction. */
  modified: z.number(),
  nanoseconds: z.number(),
  /** Target of a link; empty for other files. */
  target: z.string(),
});

export const fromWorkerSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("progress"), bytes: z.number() }),
  unpackedSchema.extend({ type: z.literal("unpacked") }),
  packedSchema.extend({ type: z.literal("packed") }),
  z.object({ type: z.literal("unchanged") }),
  z.object({ type: z.literal("synced") }),
  z.object({ type: z.literal("verified"), intact: z.boolean() }),
  z.object({ type: z.literal("removed") }),
  /** Names of the directories that can be used again, without their path. */
  z.object({ type: z.literal("recycled"), ready: z.array(z.string()) }),
  z.object({
    type: z.literal("measured"),
    sizes: z.array(z.object({ bytes: z.number(), inodes: z.number(), content: z.number() })),
  }),
  fileStatusSchema.extend({ type: z.literal("status") }),
  z.object({ type: z.literal("copied") }),
  failureSchema.extend({ type: z.literal("failed") }),
]);

export type FileStatus = z.infer<typeof fileStatusSchema>;
export type Unpacked = z.infer<typeof unpackedSchema>;
export type Packed = z.infer<typeof packedSchema>;
export type FromWorker = z.infer<typeof fromWorkerSchema>;

/** Disk usage: allocated bytes, inodes, and the lengths of the regular files in bytes. */
export interface TreeSize {
  bytes: number;
  inodes: number;
  content: number;
}

/** The directory of an ended container. */
export interface UsedDirectory {
  path: string;
  /** Whether no other process can have files of the container open. Otherwise its upper directory and files are replaced. */
  isolated: boolean;
  /** Names of the files that were written for the container. */
  files: readonly string[];
}

/** One task of a worker. Paths are relative to the root of the store. */
export type WorkRequest =
  /**
   * Unpacks a layer's blob. If the layer is in the store already, only compares the blob with the diffID. `arriving` is
   * the final size of a blob that is still being downloaded.
   */
  | { operation: "unpack"; diffId?: string; limits: UnpackLimits; arriving?: number }
  /** Unpacks a layer's blob into a second directory and compares the two. */
  | { operation: "verify"; diffId: string; limits: UnpackLimits }
  | { operation: "remove"; paths: string[] }
  /** Empties directories of ended containers for the next ones, and renames each to `.ready-NAME` in its parent. */
  | { operation: "recycle"; directories: UsedDirectory[] }
  | { operation: "measure"; paths: string[] }
  | { operation: "status"; container: ContainerView; path: string }
  | { operation: "archive"; container: ContainerView; path: string }
  | { operation: "extract"; container: ContainerView; path: string; keepKinds: boolean; squash?: boolean }
  /** Writes an upper directory as a layer blob. */
  | { operation: "layer"; upper: string }
  /** Writes the archive that a layer's files make now. */
  | { operation: "pack"; diffId: string; compression?: Compression }
  /** Compresses a blob that is a plain archive. */
  | { operation: "compress"; compression: Compression }
  /** Lists the differences between an upper directory and the layers below: `C`, `A` or `D`, the path, a NUL after each. */
  | { operation: "changes"; upper: string; lowers: string[] }
  /**
   * Turns an upper directory into a layer without syncing it or writing a blob. `latest` is the latest modification time, in seconds
   * since the epoch; with `merge` its directories hide nothing of the layers below.
   */
  | { operation: "keep"; upper: string; latest?: number; merge?: boolean }
  /**
   * Merges layers, base first, into an empty upper directory that must only be read. Deletions stay as far as any of
   * `lowers`, the layers below, has the path.
   */
  | { operation: "merge"; upper: string; layers: string[]; lowers: string[] }
  /** Makes committed layers survive a power failure. */
  | { operation: "sync" }
  /** Lists the entries at and below a path of a tree: one `ListedEntry` a line. */
  | { operation: "list"; id: string; tree: Tree; path: string }
  /** Writes a tree as a tar. */
  | { operation: "export"; id: string; tree: Tree }
  /**
   * Copies files of trees into a container's root, in order; `mode` as in chmod(1). With `replaces`, a directory and another
   * file replace each other; without it, they conflict.
   */
  | {
      operation: "copy";
      container: ContainerView;
      copies: Copy[];
      owner: Owner;
      mode?: string;
      replaces?: boolean;
    };

/** Compression of an archive: level 0 to 9 for gzip, 1 to 22 for zstd. */
export interface Compression {
  format: "gzip" | "zstd";
  level: number;
}

/** One source of a `COPY`: a file, or the content of a directory. */
export interface Copy {
  tree: Tree;
  /** Path in the tree, a text of `#support/file-name.ts`; links resolve as if the tree were the root. */
  source: string;
  /** Path in the container's root; a directory when it ends with a slash. */
  target: string;
  /** Excluded paths below the source. */
  skip: string[];
  /** Whether an archive is unpacked into the target. */
  unpack: boolean;
}

/** The owner of copied files. `named` is `name|uid[:group|gid]`, resolved against the container's own files. */
export type Owner = { type: "kept" } | { type: "root" } | { type: "named"; name: string };

/** An entry of a listing. The path is a text of `#support/file-name.ts`, and empty for the listed path itself. */
export interface ListedEntry {
  path: string;
  kind: "file" | "directory" | "link" | "other";
}

/** A container whose files a worker reads: in the container's mounts while it runs, otherwise in the worker's. */
export interface ContainerView {
  id: string;
  running: boolean;
  root: Root;
  mounts: Mount[];
  /**
   * Working directory of a container that has never started. The worker creates it before it reads or changes the
   * files.
   */
  workingDirectory?: string;
}

export interface UnpackLimits {
  /** Maximum number of decompressed bytes. */
  bytes: number;
  entries: number;
}
