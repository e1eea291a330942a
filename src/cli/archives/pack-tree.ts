import { constants } from "node:fs";
import { lstat, open, readdir, readlink, stat } from "node:fs/promises";
import { nameToText, textToName } from "#support/file-name.ts";
import { streamOf } from "#support/streams.ts";
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

/** Packs a file or directory into a tar while the tar is read. `done` rejects if reading the files fails. */
export function packTree(packing: Packing): { stream: ReadableStream<Uint8Array>; done: Promise<void> } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const pack = async function* () {
    try {
      yield* packEntry(packing, new Map());
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

/** First names of files with several links, by device and inode. */
type Linked = Map<string, Uint8Array>;

/** Yields a file, or a directory and everything in it. Paths and names are texts of `#support/file-name.ts`. */
async function* packEntry(packing: Packing, linked: Linked): AsyncGenerator<Uint8Array> {
  const { path, name, followLink, keepOwners } = packing;
  const place = textToName(path);
  const status = await (followLink ? stat : lstat)(place);
  const bytes = Buffer.from(textToName(name === "" ? "." : name));
  const header: Omit<TarEntry, "type"> = {
    name: bytes,
    mode: status.mode & 0o7777,
    time: Math.floor(status.mtimeMs / 1000),
    size: 0,
    ...(keepOwners ? { uid: status.uid, gid: status.gid } : { uid: 0, gid: 0 }),
  };
  if (status.isDirectory()) {
    yield tarHeader({ ...header, name: Buffer.concat([bytes, Buffer.from("/")]), type: "directory" });
    for (const child of (await readdir(place, { encoding: "buffer" })).map(nameToText).sort()) {
      const below = { path: `${path}/${child}`, name: name === "" ? child : `${name}/${child}` };
      yield* packEntry({ ...below, followLink: false, keepOwners }, linked);
    }
    return;
  }
  if (status.isSymbolicLink()) {
    const target = await readlink(place, { encoding: "buffer" });
    yield tarHeader({ ...header, type: "symlink", target });
    return;
  }
  const type = status.isFile() ? "file" : status.isFIFO() ? "fifo" : undefined;
  if (type === undefined) return;
  const identity = `${status.dev}:${status.ino}`;
  const first = linked.get(identity);
  if (first !== undefined) {
    yield tarHeader({ ...header, type: "link", target: first });
    return;
  }
  if (status.nlink > 1) linked.set(identity, bytes);
  if (type === "fifo") yield tarHeader({ ...header, type });
  else yield* packFile({ ...header, type, size: status.size }, place);
}

/** Yields a file with exactly the size of its header: bytes that are added later are left out. */
async function* packFile(entry: TarEntry, place: string | Buffer): AsyncGenerator<Uint8Array> {
  // A FIFO may have replaced the file; opening it must not wait for a writer.
  await using file = await open(place, constants.O_RDONLY | constants.O_NONBLOCK);
  yield tarHeader(entry);
  let left = entry.size;
  while (left > 0) {
    const buffer = Buffer.alloc(Math.min(pieceSize, left));
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    // A file that has become shorter is filled up with zeros.
    const piece = bytesRead === 0 ? buffer : buffer.subarray(0, bytesRead);
    left -= piece.length;
    yield piece;
  }
  yield tarPadding(entry.size);
}
