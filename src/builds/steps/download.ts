import { mkdir, open } from "node:fs/promises";
import { posix } from "node:path";
import type { Digest } from "#oci/digest.ts";
import { invalidArgument } from "#support/errors.ts";
import { openDownload } from "#support/http/open-download.ts";
import type { Reach } from "#support/http/reach.ts";

/** Size limit of a file, in bytes. */
const mostBytes = 64 * 1024 ** 3;

interface DownloadTarget {
  directory: string;
  expected: Digest | undefined;
  reach: Reach;
  signal: AbortSignal;
}

/**
 * Downloads the file at an address with the attributes that ADD sets: mode 0600 and the server's modification time.
 * Returns the digest of the file; throws invalid-argument if it differs from `expected`.
 */
export async function download(
  address: string,
  { directory, expected, reach, signal }: DownloadTarget,
): Promise<string> {
  const document = await openDownload(address, { reach, signal, limit: mostBytes });
  const name = fileNameOf(address);
  await mkdir(directory, { recursive: true });
  const hasher = new Bun.CryptoHasher(expected?.startsWith("sha512:") ? "sha512" : "sha256");
  {
    await using file = await open(`${directory}/${name}`, "w", 0o600);
    for await (const chunk of document.body) {
      hasher.update(chunk);
      await file.appendFile(chunk);
    }
    const modified = Date.parse(document.header("last-modified") ?? "");
    const time = Number.isNaN(modified) ? 0 : modified / 1000;
    await file.utimes(time, time);
  }
  const digest = `${expected?.startsWith("sha512:") ? "sha512" : "sha256"}:${hasher.digest("hex")}`;
  if (expected !== undefined && digest !== expected) {
    throw invalidArgument(`digest mismatch ${digest}: ${expected}`);
  }
  return digest;
}

/** Returns the file name for an address. */
export function fileNameOf(address: string): string {
  const name = posix.basename(decodeURIComponent(new URL(address).pathname));
  return name === "" || name === "/" || name === "." || name === ".." ? "__unnamed__" : name;
}
