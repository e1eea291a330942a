import { closeSync, lstatSync, readdirSync, readlinkSync, readSync, type Stats } from "node:fs";
import { TboxError } from "#support/errors.ts";
import type { Ignores } from "#support/ignore-patterns.ts";
import type { EntryKind, ListedFile, Listing } from "./listing.ts";
import { openReadable } from "./open-readable.ts";

export interface ScannedFile extends ListedFile, Stamp {
  mode: number;
}

/** Numbers from stat(2) that change with the content of a file. They are not joined to a text, since files can be many. */
interface Stamp {
  ino: number;
  size: number;
  mtimeMs: number;
  ctimeMs: number;
}

/** Entries, and bytes, that are processed before the event loop gets a turn. */
const mostEntries = 500;
const mostBytes = 4 * 1024 * 1024;

/** Lists a directory of the host without the excluded files. Links are not followed. */
export async function scanDirectory(root: string, ignores: Ignores): Promise<Listing<ScannedFile>> {
  const listing: Listing<ScannedFile> = { entries: new Map(), ignored: [] };
  listing.entries.set("", describe(root, lstatSync(root)));
  await scanBelow(root, "", { ignores, listing, count: { value: 0 } });
  return listing;
}

interface Scan {
  ignores: Ignores;
  listing: Listing<ScannedFile>;
  count: { value: number };
}

/** Scans one directory; returns whether it contains an included file. */
async function scanBelow(root: string, directory: string, scan: Scan): Promise<boolean> {
  const { ignores, listing, count } = scan;
  let found = false;
  for (const name of readNames(`${root}/${directory}`)) {
    const path = directory === "" ? name : `${directory}/${name}`;
    if (++count.value % mostEntries === 0) await new Promise((resolve) => setImmediate(resolve));
    const ignored = ignores(path);
    const status = lstatSync(`${root}/${path}`);
    if (ignored && (!status.isDirectory() || ignores.wholly(path))) {
      listing.ignored.push(path);
      continue;
    }
    listing.entries.set(path, describe(`${root}/${path}`, status));
    if (!status.isDirectory()) {
      found = true;
      continue;
    }
    const filled = await scanBelow(root, path, scan);
    if (ignored && !filled) {
      listing.entries.delete(path);
      listing.ignored = listing.ignored.filter((other) => !other.startsWith(`${path}/`));
      listing.ignored.push(path);
    } else found = true;
  }
  return found;
}

function readNames(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (cause) {
    throw new TboxError("forbidden", `read ${path} of the build context`, { cause });
  }
}

function describe(path: string, status: Stats): ScannedFile {
  const { mode, size, ino, mtimeMs, ctimeMs } = status;
  const kind = kindOf(status);
  if (kind === "link") return { kind, mode, size, ino, mtimeMs, ctimeMs, target: readlinkSync(path) };
  return { kind, mode, size, ino, mtimeMs, ctimeMs };
}

function kindOf(status: Stats): EntryKind {
  if (status.isFile()) return "file";
  if (status.isDirectory()) return "directory";
  return status.isSymbolicLink() ? "link" : "other";
}

/** Cached digests by path, with the stamp of the file that they belong to. */
export type DigestCache = Map<string, Stamp & { digest: string }>;

/** Returns the digests of files in a scanned directory; reads only files that may have changed. */
export async function digestFiles(
  root: string,
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
    const digest = digestFile(`${root}/${path}`, buffer);
    digests.set(path, digest);
    // A file changed just now can change again within the same tick of the file system's clock.
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

function digestFile(path: string, buffer: Buffer): string {
  const hasher = new Bun.CryptoHasher("sha256");
  let descriptor: number;
  try {
    descriptor = openReadable(path);
  } catch (cause) {
    throw new TboxError("forbidden", `read ${path} of the build context`, { cause });
  }
  try {
    for (let count = 1; count > 0; ) {
      count = readSync(descriptor, buffer);
      hasher.update(buffer.subarray(0, count));
    }
  } finally {
    closeSync(descriptor);
  }
  return hasher.digest("hex");
}
