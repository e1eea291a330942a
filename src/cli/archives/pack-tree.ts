import { close, fstatSync, read, realpathSync, type Stats } from "node:fs";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { nameToText, textToName } from "#support/file-name.ts";
import { type HostTree, openHostTree } from "#support/host-tree.ts";
import { streamOf } from "#support/streams.ts";
import { ExitError } from "../output/exit.ts";
import { type TarEntry, tarEnd, tarHeader, tarPadding } from "./tar-entry.ts";

/** A file or directory to pack, and the options of packing. */
export interface Packing {
  /** Path of the file or directory on the host. */
  path: string;
  /** Name in the archive; empty for the contents of a directory. */
  name: string;
  /** Whether a symbolic link at the path is followed. */
  followLink: boolean;
  /** Whether entries keep their owners; otherwise root owns them. */
  keepOwners: boolean;
}

/** Bytes of a file that are read at once. */
const pieceSize = 256 * 1024;

/**
 * Packs a file or directory into a tar while the tar is read. `done` rejects if reading the files fails. Other programs
 * may change the files meanwhile: nothing outside the directory is read.
 */
export function packTree(packing: Packing): { stream: ReadableStream<Uint8Array>; done: Promise<void> } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const pack = async function* () {
    try {
      using source = openSource(packing);
      yield* packEntry({ ...packing, ...source, linked: new Map() });
      yield tarEnd;
    } catch (error) {
      reject(error);
      throw error;
    } finally {
      // A reader that stops early ends the packing without an error.
      resolve();
    }
  };
  promise.catch(() => {});
  return { stream: streamOf(pack()), done: promise };
}

/** Opens the tree of a source, and returns the path of the source in it. */
function openSource({ path, followLink }: Packing): { tree: HostTree; path: string } & Disposable {
  const place = followLink ? nameToText(realpathSync(textToName(path), { encoding: "buffer" })) : path;
  const parent = openHostTree(dirname(place), { owned: false });
  const name = basename(place);
  if (name !== "" && !parent.status(name).isDirectory()) return withTree(parent, name);
  parent[Symbol.dispose]();
  return withTree(openHostTree(place, { owned: false }), "");
}

function withTree(tree: HostTree, path: string) {
  return { tree, path, [Symbol.dispose]: () => tree[Symbol.dispose]() };
}

/** An entry of a tree, to be packed. Paths and names are texts of `#support/file-name.ts`. */
interface Packed {
  tree: HostTree;
  /** Path in the tree. */
  path: string;
  /** Name in the archive; empty for the root of the tree. */
  name: string;
  keepOwners: boolean;
  /** First names of files with several links, by device and inode. */
  linked: Map<string, Uint8Array>;
}

/** Yields a file, or a directory and everything in it. */
async function* packEntry(entry: Packed): AsyncGenerator<Uint8Array> {
  const { tree, path, name } = entry;
  const status = tree.status(path);
  if (status.isDirectory()) {
    yield tarHeader({ ...headerOf(entry, status), name: bytesOf(`${name || "."}/`), type: "directory" });
    for (const child of tree.names(path)) {
      yield* packEntry({ ...entry, path: below(path, child), name: below(name, child) });
    }
  } else if (status.isSymbolicLink()) {
    yield tarHeader({ ...headerOf(entry, status), type: "symlink", target: bytesOf(tree.target(path)) });
  } else if (status.isFIFO()) {
    yield linkHeader(entry, status) ?? tarHeader({ ...headerOf(entry, status), type: "fifo" });
  } else if (status.isFile()) yield* packFile(entry);
}

/** Yields a file with exactly the size of its header: bytes that are added later are left out. */
async function* packFile(entry: Packed): AsyncGenerator<Uint8Array> {
  const descriptor = entry.tree.open(entry.path);
  try {
    // The open file may be another one than the one with this name a moment ago.
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new ExitError(`${entry.name} was replaced while it was read`, 1);
    const link = linkHeader(entry, status);
    if (link !== undefined) return yield link;
    yield tarHeader({ ...headerOf(entry, status), type: "file", size: status.size });
    for (let left = status.size; left > 0; ) {
      const buffer = Buffer.alloc(Math.min(pieceSize, left));
      const { bytesRead } = await readBytes(descriptor, buffer, 0, buffer.length, null);
      // A file that has become shorter is filled up with zeros.
      const piece = bytesRead === 0 ? buffer : buffer.subarray(0, bytesRead);
      left -= piece.length;
      yield piece;
    }
    yield tarPadding(status.size);
  } finally {
    await closeFile(descriptor);
  }
}

/** Returns a link to the first name of a file that is in the archive already. Remembers the name of any other file. */
function linkHeader(entry: Packed, status: Stats): Uint8Array | undefined {
  const identity = `${status.dev}:${status.ino}`;
  const target = entry.linked.get(identity);
  if (target !== undefined) return tarHeader({ ...headerOf(entry, status), type: "link", target });
  if (status.nlink > 1) entry.linked.set(identity, bytesOf(entry.name));
  return undefined;
}

function headerOf({ name, keepOwners }: Packed, status: Stats): Omit<TarEntry, "type"> {
  return {
    name: bytesOf(name || "."),
    mode: status.mode & 0o7777,
    time: Math.floor(status.mtimeMs / 1000),
    size: 0,
    ...(keepOwners ? { uid: status.uid, gid: status.gid } : { uid: 0, gid: 0 }),
  };
}

function bytesOf(text: string): Buffer {
  return Buffer.from(textToName(text));
}

function below(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

const readBytes = promisify(read);
const closeFile = promisify(close);
