import type { BlobReader } from "#content/content-store.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import { takeBufferShare } from "#support/buffer-share.ts";
import type { ImageServices } from "../services.ts";

/** Read access to blobs and to archives that layers make again. */
export interface StoredBlobs extends Pick<BlobReader, "has" | "size" | "read"> {
  /** Yields the bytes of a blob. A layer's archive is verified at its end. */
  stream(digest: Digest, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

type Services = Pick<ImageServices, "content" | "layers">;

/** Returns the blobs of the store, with the plain archives of layers that have no blob. */
export function storedBlobs({ content, layers }: Services): StoredBlobs {
  return {
    has: async (digest) => isMadeAgain({ layers }, digest) || (await content.has(digest)),
    size: async (digest) => layers.archiveSize(digest as DiffId) ?? (await content.size(digest)),
    read: content.read,
    async *stream(digest, signal) {
      if (isMadeAgain({ layers }, digest) && !(await content.has(digest))) {
        return yield* layers.read(digest as DiffId, signal);
      }
      await using file = await content.open(digest);
      using share = takeBufferShare(256 * 1024);
      yield* file.createReadStream({ autoClose: false, highWaterMark: share.bytes, signal });
    },
  };
}

/** Tests whether a digest is the diffID of a layer whose files make the archive again. */
export function isMadeAgain({ layers }: Pick<Services, "layers">, digest: Digest): digest is DiffId {
  return layers.archiveSize(digest as DiffId) !== undefined;
}
