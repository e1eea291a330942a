import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { type Header, type Pack, pack } from "tar-stream";
import { streamOf } from "#support/streams.ts";

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

/** Packs a file or directory into a tar while the tar is read. `done` rejects if reading the files fails. */
export function packTree(packing: Packing): { stream: ReadableStream<Uint8Array>; done: Promise<void> } {
  const tar = pack();
  const done = addTree(tar, packing).then(
    () => tar.finalize(),
    (error) => tar.destroy(error),
  );
  return { stream: streamOf(chunksOf(tar)), done };
}

async function* chunksOf(tar: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of tar) if (chunk instanceof Uint8Array) yield chunk;
}

async function addTree(tar: Pack, packing: Packing): Promise<void> {
  const { path, name, followLink, keepOwners } = packing;
  const status = await (followLink ? stat : lstat)(path);
  const header: Partial<Header> & { name: string } = {
    name: name === "" ? "." : name,
    mode: status.mode & 0o7777,
    mtime: status.mtime,
    ...(keepOwners ? { uid: status.uid, gid: status.gid } : { uid: 0, gid: 0 }),
  };
  if (status.isDirectory()) {
    tar.entry({ ...header, type: "directory" });
    for (const child of (await readdir(path)).sort()) {
      const below = { path: `${path}/${child}`, name: name === "" ? child : `${name}/${child}` };
      await addTree(tar, { ...below, followLink: false, keepOwners });
    }
  } else if (status.isSymbolicLink()) {
    tar.entry({ ...header, type: "symlink", linkname: await readlink(path) });
  } else if (status.isFile()) {
    await addFile(tar, { ...header, type: "file", size: status.size }, path);
  }
}

async function addFile(tar: Pack, header: Partial<Header> & { name: string }, path: string): Promise<void> {
  const entry = tar.entry(header);
  // The header already contains the size, so bytes added to the file later are left out.
  const bytes = Bun.file(path).slice(0, header.size).stream();
  // `pipeline` of the runtime does not support the stream class of tar-stream.
  for await (const chunk of bytes) {
    if (!entry.write(chunk)) await new Promise<void>((resolve) => entry.once("drain", () => resolve()));
  }
  entry.end(undefined);
}
