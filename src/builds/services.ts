import type { Containers } from "#containers/containers.ts";
import type { BlobReader, BlobWriter } from "#content/content-store.ts";
import type { ImageAuthoring } from "#images/authoring/image-authoring.ts";
import type { ImageQueries } from "#images/store/image-queries.ts";
import type { ImageTransfer } from "#images/transfer/image-transfer.ts";
import type { ImageMaintenance } from "#images/upkeep/image-maintenance.ts";
import type { LayerArchives, LayerCommits, LayerQueries, LayerUnpacking } from "#layers/layers.ts";
import type { KeyedLocks } from "#support/concurrency/keyed-locks.ts";
import type { BuildCache } from "./cache/build-cache.ts";
import type { CacheMounts } from "./cache/cache-mounts.ts";
import type { LocalContexts } from "./cache/local-contexts.ts";
import type { DigestCache } from "./context/scan.ts";

/** The services and shared state that builds need. */
export interface BuilderServices {
  images: Pick<ImageQueries, "resolve" | "findId"> &
    ImageAuthoring &
    Pick<ImageTransfer, "pull" | "openRemote" | "readRemote" | "fetchLayer"> &
    Pick<ImageMaintenance, "collect" | "usage">;
  layers: LayerQueries & LayerUnpacking & LayerCommits & Pick<LayerArchives, "archiveSize">;
  content: BlobReader & BlobWriter;
  containers: Pick<Containers, "lifecycle" | "streams" | "builds">;
  cache: BuildCache;
  cacheMounts: CacheMounts;
  localContexts: LocalContexts;
  locks: KeyedLocks;
  /** Root directory of the store. */
  store: string;
  /** Returns the cached digests of the files in a directory. */
  digestCache(directory: string): DigestCache;
  /** Returns the size in bytes of each directory; paths are relative to the store. */
  measure(paths: string[]): Promise<number[]>;
  /** Moves a directory of the store to the trash. */
  discard(directory: string): void;
}
