import { chmod, lstat, mkdir, open, rm, stat, symlink, utimes } from "node:fs/promises";
import { basename, dirname, posix, resolve } from "node:path";
import { Readable } from "node:stream";
import { extract, type Header } from "tar-stream";
import { pathTo, request } from "#client/api.ts";
import { openOutput } from "../../../output/byte-sink.ts";
import { ExitError } from "../../../output/exit.ts";
import { asksForDirectory, meansContents } from "./place.ts";
import { findRemote } from "./remote.ts";

export interface CopyOut {
  container: string;
  source: string;
  /** `-` is a tar on standard output. */
  target: string;
  followLink: boolean;
}

/** Copies from a container to this machine. */
export async function copyOut({ container, source, target, followLink }: CopyOut): Promise<void> {
  const plain = posix.resolve("/", source) + (asksForDirectory(source) && source !== "/" ? "/" : "");
  const found = followLink || plain.endsWith("/") ? await findRemote(container, plain) : undefined;
  const place = found?.path ?? plain;
  // Names in an archive of contents begin with the dot. What is unpacked here is named by where it goes.
  const path = target === "-" && meansContents(source) ? `${place.replace(/\/$/, "")}/.` : place;
  const archive = await request("GET", pathTo("containers", container, "/archive"), { query: { path } });
  const body = archive.body ?? new Blob().stream();
  if (target === "-") {
    const write = openOutput();
    for await (const bytes of body) await write("stdout", bytes);
    return;
  }
  await unpackArchive(body, { source, target });
}

export interface Unpacking {
  source: string;
  target: string;
  /** The archive is of a whole root file system: its names begin below the root. */
  bare?: boolean;
}

/** Unpacks an archive of what `source` names where a copy of it is wanted. */
export async function unpackArchive(
  body: ReadableStream<Uint8Array>,
  { source, target, bare = false }: Unpacking,
): Promise<void> {
  const existing = await lstatOrNothing(target, "follow");
  const unpacker = extract();
  let root: string | undefined;
  const stream = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  stream.on("error", (error) => unpacker.destroy(error)).pipe(unpacker);
  for await (const entry of unpacker) {
    const { header } = entry;
    const parts = header.name.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..")) throw new ExitError(`the container named a file ${header.name}: refused`, 1);
    root ??= await placeFor(bare ? "directory" : header.type, { source, target, existing });
    // The first part is the name of what was asked for, in whose place is what was wanted; the root has none.
    const isNameless = bare || header.name.startsWith("/");
    const path = resolve(root, ...(isNameless ? parts : parts.slice(1)));
    if (bare) await mkdir(root, { recursive: true });
    await checkWay(root, path);
    if (header.type === "directory") await mkdir(path, { recursive: true });
    else if (header.type === "symlink") {
      await rm(path, { force: true });
      await symlink(header.linkname ?? "", path);
    } else if (header.type === "file" || header.type === "contiguous-file") {
      await rm(path, { force: true });
      await writeNew(path, entry);
    }
    entry.resume();
    if (header.type === "directory" || header.type === "file") {
      await chmod(path, (header.mode ?? 0o644) & 0o777);
      if (header.mtime) await utimes(path, header.mtime, header.mtime);
    }
  }
}

/** Nothing that is there already is followed or kept. */
async function writeNew(path: string, bytes: AsyncIterable<unknown>): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  for await (const chunk of bytes) if (chunk instanceof Uint8Array) await file.writeFile(chunk);
}

interface Wanted {
  source: string;
  target: string;
  existing: { isDirectory(): boolean } | undefined;
}

/** Where the first entry of the archive goes. */
async function placeFor(type: Header["type"], { source, target, existing }: Wanted): Promise<string> {
  const isDirectory = type === "directory";
  if (existing?.isDirectory()) {
    if (isDirectory && meansContents(source)) return resolve(target);
    return resolve(target, basename(posix.resolve("/", source)));
  }
  if (existing && isDirectory) throw new ExitError("cannot copy directory", 1);
  if (!isDirectory && asksForDirectory(target)) throw new ExitError("no such directory", 1);
  const parent = await lstatOrNothing(dirname(resolve(target)), "follow");
  if (!parent?.isDirectory()) {
    throw new ExitError(`invalid output path: directory "${dirname(resolve(target))}" does not exist`, 1);
  }
  return resolve(target);
}

/** What the archive itself has made may lead elsewhere: nothing is written through a link below the root. */
async function checkWay(root: string, path: string): Promise<void> {
  for (
    let above = dirname(path);
    above.length >= root.length && above !== dirname(root);
    above = dirname(above)
  ) {
    const found = await lstatOrNothing(above, "itself");
    if (found && !found.isDirectory()) throw new ExitError(`${above} is not a directory: refused`, 1);
  }
}

async function lstatOrNothing(path: string, link: "follow" | "itself") {
  return (link === "follow" ? stat : lstat)(path).catch(() => undefined);
}
