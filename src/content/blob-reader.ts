import { type FileHandle, open, stat } from "node:fs/promises";
import { type Digest, splitDigest } from "#oci/digest.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { BlobReader, GrowingBlobReader } from "./content-store.ts";
import { isMissing } from "./durable-file.ts";
import type { LayoutPaths } from "./layout-paths.ts";

export function openBlobReader(paths: LayoutPaths): BlobReader & GrowingBlobReader {
  async function size(digest: Digest): Promise<number> {
    const found = await stat(paths.blob(digest)).catch((cause) => {
      throw explainMissing(digest, cause);
    });
    return found.size;
  }

  return {
    has: (digest) => Bun.file(paths.blob(digest)).exists(),
    size,
    async read(digest, limit) {
      if ((await size(digest)) > limit) {
        throw invalidArgument(`blob ${digest} is longer than ${limit} bytes`);
      }
      const bytes = await Bun.file(paths.blob(digest)).bytes();
      const { algorithm, hex } = splitDigest(digest);
      const found = new Bun.CryptoHasher(algorithm).update(bytes).digest("hex");
      if (found !== hex) {
        throw new TboxError("internal", `blob ${digest} is damaged: its bytes have the digest ${found}`);
      }
      return bytes;
    },
    open: (digest) =>
      open(paths.blob(digest), "r").catch((cause) => {
        throw explainMissing(digest, cause);
      }),
    async openGrowing(digest) {
      // The partial file can be renamed to the blob between the two attempts, so both paths are tried again.
      for (;;) {
        const blob = await openIfPresent(paths.blob(digest));
        if (blob) return { file: blob, complete: true };
        const partial = await openIfPresent(paths.partial(digest));
        if (partial) return { file: partial, complete: false };
        await (await open(paths.partial(digest), "a", 0o600)).close();
      }
    },
  };
}

function explainMissing(digest: Digest, cause: unknown): unknown {
  return isMissing(cause) ? new TboxError("not-found", `no blob ${digest}`, { cause }) : cause;
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
