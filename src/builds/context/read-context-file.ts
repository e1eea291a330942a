import { closeSync, fstatSync, readFileSync } from "node:fs";
import { invalidArgument } from "#support/errors.ts";
import type { HostTree } from "#support/host-tree.ts";
import { followPath } from "./listing.ts";

/** Reads a text file of a context; returns undefined for a missing file and throws for a file over `limit` bytes. */
export async function readContextFile(
  tree: HostTree,
  path: string,
  limit: number,
): Promise<string | undefined> {
  const found = followPath(
    path,
    (name) => linkAt(tree, name),
    () => {
      throw invalidArgument(`${path}: too many links`);
    },
  );
  if (found === undefined) return undefined;
  const descriptor = tree.open(found);
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
function linkAt(tree: HostTree, path: string): { target?: string } | undefined {
  try {
    return tree.status(path).isSymbolicLink() ? { target: tree.target(path) } : {};
  } catch {
    return undefined;
  }
}
