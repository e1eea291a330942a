import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { posix } from "node:path";
import type { Header } from "tar-stream";
import type { BuildScope } from "../frontend/build-scope.ts";
import { type FileStat, goMode, goModeOf } from "../protocol/files.ts";
import { type EntryHeader, entriesOf, type FilesSource } from "./archive-entries.ts";

/** A file of an image. */
export interface ImageFile {
  /** Path without a leading slash. */
  path: string;
  stat: Omit<FileStat, "path">;
  /** Position of the content in the contents of all files; absent unless it is a regular file. */
  offset?: number;
}

/** The files of an image in the order of their paths, and their contents. */
export interface ImageFiles extends Disposable {
  files: ImageFile[];
  /** Yields the content of a regular file. */
  read(file: ImageFile): Generator<Uint8Array>;
}

/** Bytes read at once. */
const chunkSize = 128 * 1024;

/**
 * Lists the files of images and keeps their contents in a temporary file, because clients ask for them in any order.
 */
export async function openImageFiles(scope: BuildScope, sources: FilesSource[]): Promise<ImageFiles> {
  const scratch = scope.services.builder.openScratch();
  const descriptor = openSync(`${scratch.directory}/contents`, "w+", 0o600);
  const close = () => {
    closeSync(descriptor);
    scratch[Symbol.dispose]();
  };
  try {
    const found = new Map<string, ImageFile>();
    let size = 0;
    const append = (chunk: Uint8Array) => {
      for (let done = 0; done < chunk.length; ) done += writeSync(descriptor, chunk, done);
      size += chunk.length;
    };
    for (const source of sources) {
      for await (const { header, content } of entriesOf(scope, source)) {
        const offset = size;
        for await (const chunk of content) if (chunk instanceof Uint8Array) append(chunk);
        if (header.name !== "") add(found, header.name, { header, offset });
      }
    }
    const files = [...found.values()].sort((a, b) => comparePaths(a.path, b.path));
    return { files, read: (file) => readContent(descriptor, file), [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

function add(
  found: Map<string, ImageFile>,
  path: string,
  { header, offset }: { header: EntryHeader; offset: number },
): void {
  addParents(found, path);
  if (header.type === "link") {
    // A hard link becomes a file of its own: its target may come later in the order of paths.
    const target = found.get(header.linkname ?? "");
    if (target) found.set(path, { ...target, path });
    return;
  }
  const stat = statOf(header);
  found.set(path, { path, stat, ...(header.type === "file" ? { offset } : {}) });
}

function addParents(found: Map<string, ImageFile>, path: string): void {
  const parent = posix.dirname(path);
  if (parent === "." || found.has(parent)) return;
  addParents(found, parent);
  found.set(parent, { path: parent, stat: statOf({ name: parent, type: "directory", mode: 0o755 }) });
}

const kinds: Record<string, number> = {
  directory: goMode.directory,
  symlink: goMode.link,
  "block-device": goMode.device,
  "character-device": goMode.device + goMode.character,
  fifo: goMode.pipe,
};

function statOf({
  type,
  mode = 0,
  uid = 0,
  gid = 0,
  size = 0,
  mtime,
  linkname,
  ...device
}: Partial<Header> & { name: string }): ImageFile["stat"] {
  return {
    mode: goModeOf(kinds[type ?? "file"] ?? 0, mode),
    uid,
    gid,
    size: type === "file" ? size : 0,
    modified: BigInt(mtime?.getTime() ?? 0) * 1_000_000n,
    link: Buffer.from(type === "symlink" ? (linkname ?? "") : ""),
    deviceMajor: device.devmajor ?? 0,
    deviceMinor: device.devminor ?? 0,
    attributes: new Map(),
  };
}

function* readContent(descriptor: number, { offset, stat }: ImageFile): Generator<Uint8Array> {
  if (offset === undefined) return;
  const end = offset + stat.size;
  for (let at = offset; at < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(chunkSize, end - at));
    const count = readSync(descriptor, buffer, 0, buffer.length, at);
    if (count === 0) return;
    yield buffer.subarray(0, count);
    at += count;
  }
}

/** Compares paths directory by directory, as the protocol of file transfers orders them. */
function comparePaths(one: string, other: string): number {
  const [a, b] = [one.split("/"), other.split("/")];
  for (const [at, part] of a.entries()) {
    const opposite = b[at];
    if (opposite === undefined) return 1;
    if (part !== opposite) return Buffer.compare(Buffer.from(part), Buffer.from(opposite));
  }
  return a.length - b.length;
}
