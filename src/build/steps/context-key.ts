import { posix } from "node:path";
import { TboxError } from "#support/errors.ts";
import { cacheKey } from "../cache.ts";
import { below, followLinks, type Listing } from "../context/listing.ts";
import type { Context } from "../context/open-context.ts";
import type { ScannedFile } from "../context/scan.ts";

/** What lies at a path of the context: a hash of all of it, and whether something there is left out. */
export async function describeContext(
  context: Context,
  path: string,
): Promise<{ digest: string; ignored: boolean }> {
  const listing = await context.list();
  const real = followLinks(listing, path);
  if (real === undefined || !listing.entries.has(real)) {
    throw new TboxError("not-found", `${JSON.stringify(path)}: not found in the build context`);
  }
  const digest = await digestSelection(context, listing, { path: real, skip: new Set() });
  return { digest, ignored: listing.ignored.some((one) => real === "" || one.startsWith(`${real}/`)) };
}

/** A hash over the names, kinds, permissions and contents of a file, or of all in a directory; times do not count. */
export async function digestSelection(
  context: Context,
  listing: Listing<ScannedFile>,
  { path, skip }: { path: string; skip: Set<string> },
): Promise<string> {
  const entry = listing.entries.get(path);
  const inside: [string, ScannedFile][] =
    entry?.kind === "directory"
      ? [...below(listing, path)].filter(([name]) => !isSkipped(name, skip))
      : entry
        ? [["", entry]]
        : [];
  const full = (name: string) => (name === "" ? path : posix.join(path, name));
  const files = inside.filter(([, { kind }]) => kind === "file");
  const digests = await context.digests(files.map(([name, file]) => [full(name), file]));
  const lines = inside.map(([name, { kind, mode, target }]) => [
    name,
    kind,
    // Of a link it is always the same.
    kind === "link" ? 0 : mode & 0o7777,
    target ?? digests.get(full(name)) ?? "",
  ]);
  return cacheKey(lines);
}

function isSkipped(name: string, skip: Set<string>): boolean {
  if (skip.size === 0) return false;
  for (let at = name.length; at > 0; at = name.lastIndexOf("/", at - 1)) {
    if (skip.has(name.slice(0, at))) return true;
  }
  return false;
}
