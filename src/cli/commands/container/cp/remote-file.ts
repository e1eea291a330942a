import { posix } from "node:path";
import type { PathStat } from "#api/answers/containers.ts";
import { pathTo, request } from "#client/api.ts";
import { trustAnswer } from "#client/trust-answer.ts";
import { TboxError } from "#support/errors.ts";

/** A file or directory in a container. */
export interface RemoteFile {
  /** Path without symbolic links at its end. */
  path: string;
  isDirectory: boolean;
}

// Bits of Go's `fs.FileMode`.
const directoryBit = 2 ** 31;
const linkBit = 2 ** 27;

/** Greatest number of symbolic links to follow, as in Linux. */
const mostLinks = 40;

/** Finds the file at a path in a container; follows symbolic links. Returns undefined if there is no file. */
export async function findRemoteFile(container: string, path: string): Promise<RemoteFile | undefined> {
  let current = path;
  for (let hop = 0; hop < mostLinks; hop++) {
    const stat = await statRemote(container, current);
    if (stat === undefined) return undefined;
    const { mode, linkTarget } = stat;
    if (!hasBit(mode, linkBit)) return { path: current, isDirectory: hasBit(mode, directoryBit) };
    current = posix.resolve(posix.dirname(current), linkTarget);
  }
  throw new TboxError("invalid-argument", `${path}: too many symbolic links`);
}

async function statRemote(container: string, path: string): Promise<PathStat | undefined> {
  const target = pathTo("containers", container, "/archive");
  try {
    const response = await request("HEAD", target, { query: { path } });
    const header = response.headers.get("X-Docker-Container-Path-Stat") ?? "";
    return trustAnswer(JSON.parse(Buffer.from(header, "base64").toString()));
  } catch (error) {
    // The answer to HEAD has no message, so another request that fails for the same reason gives it.
    if (!(error instanceof TboxError && error.code === "not-found")) {
      const { body } = await request("GET", target, { query: { path } });
      await body?.cancel();
      throw error;
    }
    // This request fails if the container, not the file, is missing.
    await request("GET", pathTo("containers", container, "/json"));
    return undefined;
  }
}

/** Tests a bit of a mode. Bitwise operators do not work here, because they have only 32 bits. */
function hasBit(mode: number, bit: number): boolean {
  return Math.floor(mode / bit) % 2 === 1;
}
