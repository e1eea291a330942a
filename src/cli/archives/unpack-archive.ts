import { stat } from "node:fs/promises";
import { basename, dirname, posix, resolve } from "node:path";
import { Readable } from "node:stream";
import { extract, type Header } from "tar-stream";
import { nameToText } from "#support/file-name.ts";
import { ExitError } from "../output/exit.ts";
import { printWarning } from "../output/output.ts";
import { namesContents, namesDirectory } from "./path-form.ts";
import { separateBytes } from "./separate-bytes.ts";
import { openTargetTree, type TargetTree } from "./target-tree.ts";

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
 * nothing is written outside of the target. Devices are left out, with a warning.
 */
export async function unpackArchive(body: ReadableStream<Uint8Array>, unpacking: Unpacking): Promise<void> {
  const { bare = false } = unpacking;
  const unpacker = extract(nameOptions);
  const skipped: string[] = [];
  const stream = Readable.from(separateBytes(body));
  stream.on("error", (error) => unpacker.destroy(error)).pipe(unpacker);
  using opened = new DisposableStack();
  let place: { tree: TargetTree; prefix: string[] } | undefined;
  for await (const entry of unpacker) {
    const header = withNames(entry.header);
    if (!place) {
      const { directory, prefix } = await findPlace(bare ? "directory" : header.type, unpacking);
      place = { tree: opened.use(openTargetTree(directory)), prefix };
    }
    const { tree, prefix } = place;
    const path = [...prefix, ...namesOf(header.name, bare)];
    if (header.type === "link") tree.addHardLink(path, [...prefix, ...namesOf(header.linkname ?? "", bare)]);
    else if (["character-device", "block-device"].includes(header.type ?? "")) skip(entry, skipped);
    else await unpackEntry(entry, header, { path, tree });
    entry.resume();
  }
  place?.tree.finish();
  if (skipped.length > 0) warnAbout(skipped);
}

/** Each byte of a name becomes a character, because names need not be UTF-8. The types lack this option. */
const nameOptions = { filenameEncoding: "latin1", highWaterMark: 16 * 1024 };

/** Returns a header whose names are texts of `#support/file-name.ts`. */
function withNames(header: Header): Header {
  const { name, linkname } = header;
  return { ...header, name: textOf(name), linkname: linkname && textOf(linkname) };
}

function textOf(latin1: string): string {
  return nameToText(Buffer.from(latin1, "latin1"));
}

/** Returns the names of an entry below the target. Throws for a name that leads upwards. */
function namesOf(name: string, bare: boolean): string[] {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new ExitError(`refusing to unpack "${name}": the name contains ".."`, 1);
  }
  // The target replaces the first part of a name, which is the name of the source. Names of a root have no such part.
  const isNameless = bare || name.startsWith("/");
  return isNameless ? parts : parts.slice(1);
}

function skip(entry: Entry, skipped: string[]): void {
  skipped.push(entry.header.name);
  entry.resume();
}

/** Maximum number of names of omitted files that a warning lists. */
const mostNames = 10;

function warnAbout(skipped: string[]): void {
  const names = skipped.slice(0, mostNames).map((name) => JSON.stringify(name));
  const more = skipped.length > mostNames ? ` and ${skipped.length - mostNames} more` : "";
  printWarning(`devices are not copied: ${names.join(", ")}${more}`);
}

/** The bytes of an archive entry, as a stream. */
interface Entry extends AsyncIterable<unknown> {
  header: Header;
  resume(): void;
}

async function unpackEntry(
  entry: Entry,
  { type, linkname, mode = 0o644, mtime }: Header,
  { path, tree }: { path: string[]; tree: TargetTree },
): Promise<void> {
  const attributes = { mode: mode & 0o777, time: mtime ?? undefined };
  if (type === "directory") tree.addDirectory(path, attributes);
  else if (type === "fifo") tree.addFifo(path, attributes);
  else if (type === "symlink") tree.addSymbolicLink(path, linkname ?? "");
  else if (type === "file" || type === "contiguous-file") await tree.addFile(path, attributes, entry);
}

/** Returns the existing directory into which an archive is unpacked, and the names that its entries start with. */
async function findPlace(
  type: Header["type"],
  { source, target }: Unpacking,
): Promise<{ directory: string; prefix: string[] }> {
  const isDirectory = type === "directory";
  const existing = await statOrNothing(target);
  const whole = resolve(target);
  if (existing?.isDirectory()) {
    const name = basename(posix.resolve("/", source));
    const isContents = name === "" || (isDirectory && namesContents(source));
    return { directory: whole, prefix: isContents ? [] : [name] };
  }
  if (existing && isDirectory) throw new ExitError("cannot copy directory", 1);
  if (!isDirectory && namesDirectory(target)) throw new ExitError("no such directory", 1);
  const parent = dirname(whole);
  if (!(await statOrNothing(parent))?.isDirectory()) {
    throw new ExitError(`invalid output path: directory "${parent}" does not exist`, 1);
  }
  return { directory: parent, prefix: [basename(whole)] };
}

function statOrNothing(path: string) {
  return stat(path).catch(() => undefined);
}
