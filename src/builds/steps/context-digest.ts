import { TboxError } from "#support/errors.ts";
import { followLinks, type Listing } from "../context/listing.ts";
import type { Context } from "../context/open-context.ts";
import type { ScannedFile } from "../context/scan.ts";

/** Characters collected before they are hashed. */
const mostText = 256 * 1024;

/** Hashes the files at a path of the context and reports whether `.dockerignore` excludes any file below the path. */
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

/** Hashes the names, kinds, permissions and contents of a file or a directory tree. Timestamps do not count. */
export async function digestSelection(
  context: Context,
  listing: Listing<ScannedFile>,
  { path, skip }: { path: string; skip: Set<string> },
): Promise<string> {
  const directory = listing.entries.get(path)?.kind === "directory";
  const base = directory ? (path === "" ? "" : `${path}/`) : path;
  const inside: [string, ScannedFile][] = [];
  const files: [string, ScannedFile][] = [];
  for (const [full, entry] of listing.entries) {
    if (directory ? full === "" || !full.startsWith(base) : full !== path) continue;
    if (skip.size > 0 && isSkipped(full.slice(base.length), skip)) continue;
    inside.push([full, entry]);
    if (entry.kind === "file") files.push([full, entry]);
  }
  const digests = await context.digests(files);
  const hasher = new Bun.CryptoHasher("sha256");
  let text = "";
  for (const [full, { kind, mode, target }] of inside) {
    // The null character separates fields, because no name contains it. A link's permissions have no meaning.
    const permissions = kind === "link" ? 0 : mode & 0o7777;
    text += `${full.slice(base.length)}\0${kind}\0${permissions}\0${target ?? digests.get(full) ?? ""}\0`;
    if (text.length < mostText) continue;
    hasher.update(text);
    text = "";
  }
  return hasher.update(text).digest("hex");
}

function isSkipped(name: string, skip: Set<string>): boolean {
  if (skip.size === 0) return false;
  for (let at = name.length; at > 0; at = name.lastIndexOf("/", at - 1)) {
    if (skip.has(name.slice(0, at))) return true;
  }
  return false;
}
