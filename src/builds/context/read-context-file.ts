import { closeSync, fstatSync, lstatSync, readFileSync, readlinkSync } from "node:fs";
import { invalidArgument } from "#support/errors.ts";
import { followPath } from "./listing.ts";
import { openReadable } from "./open-readable.ts";

/** Reads a text file of a context; returns undefined for a missing file and throws for one longer than `limit` bytes. */
export async function readContextFile(
  root: string,
  path: string,
  limit: number,
): Promise<string | undefined> {
  const found = followPath(
    path,
    (name) => linkAt(`${root}/${name}`),
    () => {
      throw invalidArgument(`${path}: too many links`);
    },
  );
  if (found === undefined) return undefined;
  const descriptor = openReadable(`${root}/${found}`);
  try {
    const status = fstatSync(descriptor);
    if (status.isDirectory()) return undefined;
    if (!status.isFile()) throw invalidArgument(`${path} is not a regular file`);
    if (status.size > limit) throw invalidArgument(`${path} is longer than ${limit} bytes`);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

/** Returns the target of a link, `{}` for any other file, and undefined for a missing one. */
function linkAt(path: string): { target?: string } | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? { target: readlinkSync(path) } : {};
  } catch {
    return undefined;
  }
}
