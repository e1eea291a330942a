import { readdir, rm, stat } from "node:fs/promises";
import { type Algorithm, type Digest, parseDigest, splitDigest } from "#oci/digest.ts";
import type { BlobMaintenance } from "./content-store.ts";
import { isMissing } from "./durable-file.ts";
import { hashFile } from "./hash-file.ts";
import type { LayoutPaths } from "./layout-paths.ts";

const algorithms: Algorithm[] = ["sha256", "sha512"];

/** Bytes of one block in `stat`, whatever the file system's block size. */
const blockSize = 512;

export function openBlobMaintenance(paths: LayoutPaths): BlobMaintenance {
  async function list(): Promise<Digest[]> {
    const digests = await Promise.all(
      algorithms.map(async (algorithm) => {
        const names = await readdir(paths.blobs(algorithm));
        return names.map((hex) => parseDigest(`${algorithm}:${hex}`));
      }),
    );
    return digests.flat();
  }

  /** Allocated bytes; a blob never changes, so each is measured once. */
  const allocated = new Map<Digest, number>();
  async function measureBlobs(): Promise<Map<Digest, number>> {
    const digests = await list();
    const blobs = new Map<Digest, number>();
    for (const digest of digests) {
      blobs.set(digest, allocated.get(digest) ?? (await allocatedBytes(paths.blob(digest))));
    }
    allocated.clear();
    for (const [digest, size] of blobs) allocated.set(digest, size);
    return blobs;
  }

  return {
    async computeDigest(digest) {
      const { algorithm } = splitDigest(digest);
      const size = await sizeOf(paths.blob(digest));
      if (size === undefined) return undefined;
      const hasher = new Bun.CryptoHasher(algorithm);
      await hashFile(paths.blob(digest), size, hasher);
      return parseDigest(`${algorithm}:${hasher.digest("hex")}`);
    },
    async remove(digest) {
      await rm(paths.blob(digest), { force: true });
      allocated.delete(digest);
    },
    list,
    async sweep(kept) {
      const names = new Set([...kept].map((digest) => splitDigest(digest).hex));
      for (const name of await readdir(paths.partials)) {
        if (!names.has(name)) await rm(`${paths.partials}/${name}`, { force: true });
      }
    },
    async diskUsage() {
      const partials = (await readdir(paths.partials)).map((name) =>
        allocatedBytes(`${paths.partials}/${name}`),
      );
      return {
        blobs: await measureBlobs(),
        unfinished: (await Promise.all(partials)).reduce((sum, size) => sum + size, 0),
      };
    },
  };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Returns 0 for a file that has been removed in the meantime. */
async function allocatedBytes(path: string): Promise<number> {
  const file = await stat(path).catch(() => undefined);
  return (file?.blocks ?? 0) * blockSize;
}
