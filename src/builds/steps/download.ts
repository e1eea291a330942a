import { mkdir, open, utimes } from "node:fs/promises";
import { posix } from "node:path";
import type { Digest } from "#oci/digest.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";

/**
 * Downloads the file at an address as ADD stores it: with mode 0600 and the server's modification time. Returns its
 * digest; throws invalid-argument when it differs from the expected one.
 */
export async function download(
  address: string,
  { directory, expected, signal }: { directory: string; expected: Digest | undefined; signal: AbortSignal },
): Promise<string> {
  let response: Response;
  try {
    response = await fetch(address, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new TboxError("unavailable", `ADD ${address}`, { cause });
  }
  if (!response.ok || response.body === null) {
    throw new TboxError("unavailable", `ADD ${address}: the server answered ${response.status}`);
  }
  const name = fileNameOf(address);
  await mkdir(directory, { recursive: true });
  const hasher = new Bun.CryptoHasher(expected?.startsWith("sha512:") ? "sha512" : "sha256");
  {
    await using file = await open(`${directory}/${name}`, "w", 0o600);
    for await (const chunk of response.body) {
      hasher.update(chunk);
      await file.appendFile(chunk);
    }
  }
  const digest = `${expected?.startsWith("sha512:") ? "sha512" : "sha256"}:${hasher.digest("hex")}`;
  if (expected !== undefined && digest !== expected) {
    throw invalidArgument(`ADD ${address}: digest mismatch ${digest}: ${expected}`);
  }
  const modified = Date.parse(response.headers.get("last-modified") ?? "");
  const time = Number.isNaN(modified) ? 0 : modified / 1000;
  await utimes(`${directory}/${name}`, time, time);
  return digest;
}

/** Returns the file name for an address. */
export function fileNameOf(address: string): string {
  const name = posix.basename(decodeURIComponent(new URL(address).pathname));
  return name === "" || name === "/" || name === "." || name === ".." ? "__unnamed__" : name;
}
