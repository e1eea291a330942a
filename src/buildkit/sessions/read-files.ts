import { followPath } from "#builds/context/listing.ts";
import { invalidArgument } from "#support/errors.ts";
import { type ListedEntry, receiveFiles } from "./receive-files.ts";
import type { Session } from "./session.ts";

/** Maximum size in bytes of a file that is read into memory. */
const mostBytes = 16 * 1024 * 1024;

/** Reads a few small files of a client's directory; returns a function that looks up the text at a path. */
export async function readFiles(
  session: Session,
  { name, paths }: { name: string; paths: string[] },
  signal: AbortSignal,
): Promise<(path: string) => string | undefined> {
  const entries = new Map<string, ListedEntry>();
  const contents = new Map<string, Uint8Array[]>();
  const sizes = new Map<string, number>();
  const sink = {
    list(entry: ListedEntry) {
      entries.set(entry.path, entry);
      return entry.kind === "file";
    },
    write({ path }: ListedEntry, data: Uint8Array) {
      const size = (sizes.get(path) ?? 0) + data.length;
      if (size > mostBytes) throw invalidArgument(`${path} is longer than ${mostBytes} bytes`);
      sizes.set(path, size);
      const parts = contents.get(path) ?? [];
      parts.push(data);
      contents.set(path, parts);
    },
    finish() {},
    listed() {},
  };
  await receiveFiles(session, { name, followPaths: paths }, { sink, signal });
  return (path) => {
    const lookUp = (one: string) => {
      const entry = entries.get(one);
      return entry?.kind === "link" ? { target: entry.target } : entry && {};
    };
    const found = followPath(path, lookUp, () => undefined);
    if (found === undefined || entries.get(found)?.kind !== "file") return undefined;
    return Buffer.concat(contents.get(found) ?? []).toString();
  };
}
