import { closeSync, fstatSync, readFileSync } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import { posix } from "node:path";
import { TboxError } from "#support/errors.ts";
import { openOwn } from "./open-own.ts";

/** As many links as the kernel follows in one path. */
const mostLinks = 40;

/**
 * Where a path leads in a directory that is the root of everything for it: links are followed, but never out.
 * The path that comes back has no link in it; nothing when there is nothing.
 */
async function resolveInside(root: string, path: string): Promise<string | undefined> {
  let links = 0;
  let rest = path.split("/");
  let done = "";
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done = posix.dirname(`/${done}`).slice(1);
      continue;
    }
    const next = done === "" ? part : `${done}/${part}`;
    const found = await lstat(`${root}/${next}`).catch(() => undefined);
    if (!found) return undefined;
    if (!found.isSymbolicLink()) {
      done = next;
      continue;
    }
    if (++links > mostLinks) throw new TboxError("invalid-argument", `${path}: too many links`);
    const target = await readlink(`${root}/${next}`);
    if (target.startsWith("/")) done = "";
    rest = [...target.split("/"), ...rest];
  }
  return done;
}

/** A text in the directory; nothing when there is no such file. Refused when longer than `limit` bytes. */
export async function readInside(root: string, path: string, limit: number): Promise<string | undefined> {
  const found = await resolveInside(root, path);
  if (found === undefined) return undefined;
  const descriptor = openOwn(`${root}/${found}`);
  try {
    const status = fstatSync(descriptor);
    if (status.isDirectory()) return undefined;
    if (!status.isFile()) throw new TboxError("invalid-argument", `${path} is no regular file`);
    if (status.size > limit) throw new TboxError("invalid-argument", `${path} is longer than ${limit} bytes`);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}
