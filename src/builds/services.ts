import type { Containers } from "#containers/containers.ts";
import type { ContentStore } from "#content/store.ts";
import type { Images } from "#images/images.ts";
import type { Layers } from "#layers/layers.ts";
import type { KeyedLocks } from "#support/concurrency/keyed-locks.ts";
import type { BuildCache } from "./cache/build-cache.ts";
import type { CacheMounts } from "./cache/cache-mounts.ts";
import type { KnownDigests } from "./context/scan.ts";

/** What builds work with. */
export interface Workshop {
  images: Images;
  layers: Layers;
  content: ContentStore;
  containers: Pick<Containers, "lifecycle" | "streams" | "builds">;
  cache: BuildCache;
  cacheMounts: CacheMounts;
  locks: KeyedLocks;
  /** Root directory of the store. */
  store: string;
  /** Digests of the files of a directory that were read before. */
  knownDigests(directory: string): KnownDigests;
  /** Bytes of each of some directories, which are named relative to the store. */
  measure(paths: string[]): Promise<number[]>;
  /** Sets a directory of the store aside to be deleted. */
  discard(directory: string): void;
}
