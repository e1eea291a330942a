import { chmod, link, lstat, mkdir, open, rm, stat, symlink, utimes } from "node:fs/promises";
import { basename, dirname, posix, resolve } from "node:path";
import { Readable } from "node:stream";
import { extract, type Header } from "tar-stream";
import { ExitError } from "../output/exit.ts";
import { printWarning } from "../output/output.ts";
import { namesContents, namesDirectory } from "./path-form.ts";

/** Source and target of an unpacked copy. */
export interface Unpacking {
  /** Path of the copied file or directory in the container. */
  source: string;
  /** Path on the host. */
  target: string;
  /** Whether the archive is a whole root filesystem: its names are relative to the root. */
  bare?: boolean;
}

/**
 * Unpacks an archive of `source` to `target`, with the rules of `cp` for an existing target. The archive is untrusted:
 * nothing is written outside of the target. FIFOs and devices are left out, with a warning.
 */
export async function unpackArchive(body: ReadableStream<Uint8Array>, unpacking: Unpacking): Promise<void> {
  const { bare = false } = unpacking;
  const existing = await statOrNothing(unpacking.target);
  const unpacker = extract();
  let root: string | undefined;
  const skipped: string[] = [];
  const stream = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  stream.on("error", (error) => unpacker.destroy(error)).pipe(unpacker);
  for await (const entry of unpacker) {
    const { header } = entry;
    root ??= await findRoot(bare ? "directory" : header.type, { ...unpacking, existing });
    const path = pathOnHost(root, header.name, bare);
    if (bare) await mkdir(root, { recursive: true });
    await checkParents(root, path);
    if (header.type === "link")
      await linkEntry(entry, path, pathOnHost(root, header.linkname ?? "", bare), root);
    else if (["fifo", "character-device", "block-device"].includes(header.type ?? "")) skip(entry, skipped);
    else await unpackEntry(entry, path);
  }
  if (skipped.length > 0) warnAbout(skipped);
}

/** Returns the path of an entry on the host. Throws for a name that leads upwards. */
function pathOnHost(root: string, name: string, bare: boolean): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new ExitError(`refusing to unpack "${name}": the name contains ".."`, 1);
  }
  // The target replaces the first part of a name, which is the name of the source. Names of a root have no such part.
  const isNameless = bare || name.startsWith("/");
  return resolve(root, ...(isNameless ? parts : parts.slice(1)));
}

/** Creates a hard link to the file of an earlier entry. */
async function linkEntry(entry: Entry, path: string, original: string, root: string): Promise<void> {
  await checkParents(root, original);
  const found = await lstat(original).catch(() => undefined);
  if (!found || found.isDirectory()) {
    throw new ExitError(`refusing to unpack "${path}": it links to ${original}, which is not a file`, 1);
  }
  if (path !== original) {
    await rm(path, { force: true });
    await link(original, path);
  }
  entry.resume();
}

function skip(entry: Entry, skipped: string[]): void {
  skipped.push(entry.header.name);
  entry.resume();
}

/** Most names of omitted files that a warning lists. */
const mostNames = 10;

function warnAbout(skipped: string[]): void {
  const names = skipped.slice(0, mostNames).map((name) => JSON.stringify(name));
  const more = skipped.length > mostNames ? ` and ${skipped.length - mostNames} more` : "";
  printWarning(`FIFOs and devices are not copied: ${names.join(", ")}${more}`);
}

/** The bytes of an archive entry, as a stream. */
interface Entry extends AsyncIterable<unknown> {
  header: Header;
  resume(): void;
}

async function unpackEntry(entry: Entry, path: string): Promise<void> {
  const { header } = entry;
  if (header.type === "directory") await mkdir(path, { recursive: true });
  else if (header.type === "symlink") {
    await rm(path, { force: true });
    await symlink(header.linkname ?? "", path);
  } else if (header.type === "file" || header.type === "contiguous-file") {
    await rm(path, { force: true });
    await writeNewFile(path, entry);
  }
  entry.resume();
  if (header.type === "directory" || header.type === "file") {
    await chmod(path, (header.mode ?? 0o644) & 0o777);
    if (header.mtime) await utimes(path, header.mtime, header.mtime);
  }
}

/** Writes a file; fails if the path exists, so it follows no link. */
async function writeNewFile(path: string, bytes: AsyncIterable<unknown>): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  for await (const chunk of bytes) if (chunk instanceof Uint8Array) await file.writeFile(chunk);
}

/** Returns the path of the archive's first entry on the host. */
async function findRoot(
  type: Header["type"],
  { source, target, existing }: Unpacking & { existing: { isDirectory(): boolean } | undefined },
): Promise<string> {
  const isDirectory = type === "directory";
  if (existing?.isDirectory()) {
    if (isDirectory && namesContents(source)) return resolve(target);
    return resolve(target, basename(posix.resolve("/", source)));
  }
  if (existing && isDirectory) throw new ExitError("cannot copy directory", 1);
  if (!isDirectory && namesDirectory(target)) throw new ExitError("no such directory", 1);
  const parent = dirname(resolve(target));
  if (!(await statOrNothing(parent))?.isDirectory()) {
    throw new ExitError(`invalid output path: directory "${parent}" does not exist`, 1);
  }
  return resolve(target);
}

/** Throws if a directory between the root and the path is a link, which an earlier entry of the archive can create. */
async function checkParents(root: string, path: string): Promise<void> {
  for (
    let parent = dirname(path);
    parent.length >= root.length && parent !== dirname(root);
    parent = dirname(parent)
  ) {
    const found = await lstat(parent).catch(() => undefined);
    if (found && !found.isDirectory()) {
      throw new ExitError(`refusing to unpack "${path}": ${parent} is not a directory`, 1);
    }
  }
}

function statOrNothing(path: string) {
  return stat(path).catch(() => undefined);
}
