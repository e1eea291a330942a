import { Readable } from "node:stream";
import { extract } from "tar-stream";
import type { BlobWriter, Expected } from "#content/content-store.ts";
import { parseDigest } from "#oci/digest.ts";
import { invalidArgument } from "#support/errors.ts";
import { isFullDisk } from "#support/full-disk.ts";
import { decompressArchive } from "./decompress-archive.ts";

/** Blobs by their normalized path in the archive. The path is only a key and is never opened on the host. */
export type ArchiveContents = Map<string, Expected>;

/** Stores every file of an archive as a blob. Links map to the file that they point to. */
export async function readArchive(
  content: BlobWriter,
  archive: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<ArchiveContents> {
  const contents: ArchiveContents = new Map();
  const links: [string, string][] = [];
  const reader = extract();
  const source = Readable.from(decompressArchive(archive));
  source.on("error", (error) => reader.destroy(error)).pipe(reader);
  try {
    for await (const entry of reader) {
      signal.throwIfAborted();
      const { name, type, linkname } = entry.header;
      if (type === "file" || type === "contiguous-file") {
        contents.set(plainPath(name), await content.adopt(chunksOf(entry), { signal }));
        continue;
      }
      if ((type === "symlink" || type === "link") && linkname) {
        // A symbolic link is relative to its own directory, a hard link to the root of the archive.
        const base = type === "symlink" ? name.slice(0, name.lastIndexOf("/") + 1) : "";
        links.push([plainPath(name), plainPath(`${base}${linkname}`)]);
      }
      entry.resume();
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (isFullDisk(cause)) throw cause;
    throw invalidArgument("the archive is not a readable tar", cause);
  } finally {
    source.destroy();
  }
  for (const [name, target] of links) {
    const found = contents.get(target);
    if (found) contents.set(name, found);
  }
  return contents;
}

/** Returns a file's blob; throws if the archive lacks the file. */
export function requireFile(contents: ArchiveContents, name: string): Expected {
  const found = contents.get(plainPath(name));
  if (!found) throw invalidArgument(`the archive lacks ${JSON.stringify(name)}`);
  return found;
}

/** Returns the blob that an OCI layout stores under a digest; throws if the bytes have another digest. */
export function requireBlob(contents: ArchiveContents, digest: string): Expected {
  const parsed = parseDigest(digest);
  const blob = requireFile(contents, layoutPath(parsed));
  if (blob.digest !== parsed && parsed.startsWith("sha256:")) {
    throw invalidArgument(`blob ${parsed}: its bytes have the digest ${blob.digest}`);
  }
  return blob;
}

/** Returns a blob's path in an OCI layout. */
export function layoutPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

async function* chunksOf(entry: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of entry) if (chunk instanceof Uint8Array) yield chunk;
}

/** Normalizes `a/./b/../c` to `a/c`; `..` above the root is dropped. */
function plainPath(name: string): string {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}
