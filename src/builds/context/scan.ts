import { closeSync, constants, readSync } from "node:fs";
import { TboxError } from "#support/errors.ts";
import type { HostTree } from "#support/host-tree.ts";
import type { Ignores } from "#support/ignore-patterns.ts";
import type { EntryKind, ListedFile, Listing } from "./listing.ts";

export interface ScannedFile extends ListedFile, Stamp {
  mode: number;
}

/** Numbers from stat(2) that change with the content of a file. Numbers take less memory than a text for many files. */
interface Stamp {
  ino: number;
  size: number;
  mtimeMs: number;
  ctimeMs: number;
}

/** Numbers of entries and of bytes that are processed before yielding to the event loop. */
const mostEntries = 500;
const mostBytes = 4 * 1024 * 1024;

/** Lists a tree of the host without the excluded files. Links are not followed. */
export async function scanTree(tree: HostTree, ignores: Ignores): Promise<Listing<ScannedFile>> {
  const listing: Listing<ScannedFile> = { entries: new Map(), ignored: [] };
  const root = describe(tree, "");
  if (root) listing.entries.set("", root);
  await scanBelow(tree, "", { ignores, listing, count: { value: 0 } });
  return listing;
}

interface Scan {
  ignores: Ignores;
  listing: Listing<ScannedFile>;
  count: { value: number };
}

/** Scans one directory; returns whether it contains an included file. */
async function scanBelow(tree: HostTree, directory: string, scan: Scan): Promise<boolean> {
  const { ignores, listing, count } = scan;
  let found = false;
  for (const name of readNames(tree, directory)) {
    const path = directory === "" ? name : `${directory}/${name}`;
    if (++count.value % mostEntries === 0) await new Promise((resolve) => setImmediate(resolve));
    const file = describe(tree, path);
    if (!file) continue;
    const isDirectory = file.kind === "directory";
    const ignored = ignores(path);
    if (ignored && (!isDirectory || ignores.wholly(path))) {
      listing.ignored.push(path);
      continue;
    }
    listing.entries.set(path, file);
    if (!isDirectory) {
      found = true;
      continue;
    }
    const filled = await scanBelow(tree, path, scan);
    if (ignored && !filled) {
      listing.entries.delete(path);
      listing.ignored = listing.ignored.filter((other) => !other.startsWith(`${path}/`));
      listing.ignored.push(path);
    } else found = true;
  }
  return found;
}

function readNames(tree: HostTree, directory: string): string[] {
  try {
    return tree.names(directory);
  } catch (cause) {
    throw new TboxError("forbidden", `read ${directory || "the root"} of the build context`, { cause });
  }
}

/** Describes a file; returns undefined if it was deleted meanwhile. */
function describe(tree: HostTree, path: string): ScannedFile | undefined {
  try {
    const { mode, size, ino, mtimeMs, ctimeMs } = tree.status(path);
    const kind = kindOf(mode);
    if (kind === "link") return { kind, mode, size, ino, mtimeMs, ctimeMs, target: tree.target(path) };
    return { kind, mode, size, ino, mtimeMs, ctimeMs };
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new TboxError("forbidden", `read ${path} of the build context`, { cause });
  }
}

function kindOf(mode: number): EntryKind {
  const type = mode & constants.S_IFMT;
  if (type === constants.S_IFREG) return "file";
  if (type === constants.S_IFDIR) return "directory";
  return type === constants.S_IFLNK ? "link" : "other";
}

/** Cached digests by path, with the stamp of the file that they belong to. */
export type DigestCache = Map<string, Stamp & { digest: string }>;

/** Returns the digests of files in a scanned tree; reads only files that may have changed. */
export async function digestFiles(
  tree: HostTree,
  files: [string, ScannedFile][],
  known: DigestCache,
): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  const buffer = Buffer.allocUnsafe(256 * 1024);
  const begun = Date.now();
  let bytes = 0;
  for (const [path, file] of files) {
    const before = known.get(path);
    if (before && isSame(before, file)) {
      digests.set(path, before.digest);
      continue;
    }
    bytes += file.size;
    if (bytes > mostBytes) {
      bytes = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const digest = digestFile(tree, path, buffer);
    digests.set(path, digest);
    // A file that has just changed can change again within the same tick of the file system's clock.
    const { ino, size, mtimeMs, ctimeMs } = file;
    if (begun - ctimeMs > 50) known.set(path, { ino, size, mtimeMs, ctimeMs, digest });
  }
  return digests;
}

function isSame(one: Stamp, other: Stamp): boolean {
  return (
    one.ctimeMs === other.ctimeMs &&
    one.mtimeMs === other.mtimeMs &&
    one.size === other.size &&
    one.ino === other.ino
  );
}

function digestFile(tree: HostTree, path: string, buffer: Buffer): string {
  const hasher = new Bun.CryptoHasher("sha256");
  let descriptor: number | undefined;
  try {
    descriptor = tree.open(path);
    for (let count = 1; count > 0; ) {
      count = readSync(descriptor, buffer);
      hasher.update(buffer.subarray(0, count));
    }
  } catch (cause) {
    throw new TboxError("forbidden", `read ${path} of the build context`, { cause });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  return hasher.digest("hex");
}
