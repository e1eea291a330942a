import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { basename, posix, resolve } from "node:path";
import { type Header, pack } from "tar-stream";
import { pathTo, request } from "#client/api.ts";
import { streamOf } from "#support/streams.ts";
import { ExitError } from "../../../output/exit.ts";
import { failureMessage } from "../../../output/failure.ts";
import { asksForDirectory, meansContents } from "./place.ts";
import { findRemote } from "./remote.ts";

export interface CopyIn {
  container: string;
  /** `-` is a tar on standard input. */
  source: string;
  target: string;
  /** Copies what a link leads to. */
  followLink: boolean;
  /** Keeps owners; otherwise all belongs to root. */
  archive: boolean;
}

/** Copies from this machine into a container. */
export async function copyIn({ container, source, target, followLink, archive }: CopyIn): Promise<void> {
  const wanted = posix.resolve("/", target) + (asksForDirectory(target) && target !== "/" ? "/" : "");
  const found = await findRemote(container, wanted);
  if (source === "-") {
    if (!found?.isDirectory)
      throw new ExitError(`destination "${container}:${target}" must be a directory`, 1);
    return send(container, found.path, Bun.stdin.stream());
  }
  const from = await (followLink ? stat : lstat)(source).catch((error) => {
    throw new ExitError(failureMessage(error), 1);
  });
  const { directory, name } = destination({ source, wanted, isDirectory: from.isDirectory(), found });
  const tar = pack();
  const filling = fill(tar, { path: resolve(source), name, followLink, archive }).then(
    () => tar.finalize(),
    (error) => tar.destroy(error),
  );
  await send(container, directory, streamOf(chunksOf(tar)));
  await filling;
}

interface Destination {
  source: string;
  wanted: string;
  isDirectory: boolean;
  found: { path: string; isDirectory: boolean } | undefined;
}

/** The directory that is unpacked into, and the name there; an empty one is the directory's contents. */
function destination({ source, wanted, isDirectory, found }: Destination): {
  directory: string;
  name: string;
} {
  const contents = isDirectory && meansContents(source);
  if (found?.isDirectory) {
    return { directory: found.path, name: contents ? "" : basename(resolve(source)) };
  }
  if (found && isDirectory) throw new ExitError("cannot copy directory", 1);
  if (!found && !isDirectory && wanted.endsWith("/")) throw new ExitError("no such directory", 1);
  const path = (found?.path ?? wanted).replace(/\/$/, "");
  return { directory: posix.dirname(path), name: posix.basename(path) };
}

async function send(container: string, path: string, body: ReadableStream<Uint8Array>): Promise<void> {
  const query = { path, noOverwriteDirNonDir: "true" };
  const headers = { "Content-Type": "application/x-tar" };
  await request("PUT", pathTo("containers", container, "/archive"), { query, headers, body });
}

async function* chunksOf(tar: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of tar) if (chunk instanceof Uint8Array) yield chunk;
}

interface Item {
  path: string;
  name: string;
  followLink: boolean;
  archive: boolean;
}

async function fill(tar: ReturnType<typeof pack>, item: Item): Promise<void> {
  const { path, name, archive } = item;
  const status = await (item.followLink ? stat : lstat)(path);
  const header: Partial<Header> & { name: string } = {
    name: name === "" ? "." : name,
    mode: status.mode & 0o7777,
    mtime: status.mtime,
    ...(archive ? { uid: status.uid, gid: status.gid } : { uid: 0, gid: 0 }),
  };
  if (status.isDirectory()) {
    tar.entry({ ...header, type: "directory" });
    for (const child of (await readdir(path)).sort()) {
      const below = { path: `${path}/${child}`, name: name === "" ? child : `${name}/${child}` };
      await fill(tar, { ...below, followLink: false, archive });
    }
  } else if (status.isSymbolicLink()) {
    tar.entry({ ...header, type: "symlink", linkname: await readlink(path) });
  } else if (status.isFile()) {
    const entry = tar.entry({ ...header, type: "file", size: status.size });
    const bytes = Bun.file(path).slice(0, status.size).stream();
    // The library's streams are none of the runtime's.
    for await (const chunk of bytes) {
      if (!entry.write(chunk)) await new Promise<void>((resolve) => entry.once("drain", () => resolve()));
    }
    entry.end(undefined);
  }
}
