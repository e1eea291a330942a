import type { Database } from "bun:sqlite";
import { mkdirSync, readdirSync } from "node:fs";
import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { openKeyedLocks } from "#support/concurrency/keyed-locks.ts";
import type { UsageRegister } from "#support/usage-register.ts";
import type { BuildEvent, Builder, CacheLimits } from "./builder.ts";
import { openBuildCache } from "./cache/build-cache.ts";
import { openCacheMounts } from "./cache/cache-mounts.ts";
import { keepWithin, pruneCache, usageOf } from "./cache/prune.ts";
import type { KnownDigests } from "./context/scan.ts";
import type { Workshop } from "./services.ts";
import { buildImage } from "./solve/build-image.ts";

export interface BuilderOptions extends Omit<Workshop, "cache" | "cacheMounts" | "locks" | "knownDigests"> {
  /** Safe against the death of the process: a layer that a loss of power took away is missed and made anew. */
  database: Database;
  /** How much builds may leave behind. */
  limits: CacheLimits;
  /** Register of the layers that the build cache holds. */
  uses: UsageRegister<"layer">;
  warn(what: string, error: unknown): void;
}

/** Directories whose digests are remembered. */
const mostDirectories = 16;

export function openBuilder({ database, limits, uses, warn, ...options }: BuilderOptions): Builder {
  const known = new Map<string, KnownDigests>();
  const workshop: Workshop = {
    ...options,
    cache: openBuildCache(database, uses),
    cacheMounts: openCacheMounts({ database, ...options }),
    locks: openKeyedLocks(),
    knownDigests(directory) {
      const digests = known.get(directory) ?? new Map();
      known.delete(directory);
      known.set(directory, digests);
      for (const oldest of known.keys()) if (known.size > mostDirectories) known.delete(oldest);
      return digests;
    },
  };
  const work = `${options.store}/build/work`;
  mkdirSync(work, { recursive: true, mode: 0o700 });
  // Of builds that the last daemon did not come to end.
  for (const name of readdirSync(work)) options.discard(`${work}/${name}`);
  let tidying = false;
  /** Nobody waits for it. */
  const tidy = () => {
    if (tidying) return;
    tidying = true;
    keepWithin(workshop, limits)
      .catch((error) => warn("prune what builds keep", error))
      .finally(() => {
        tidying = false;
      });
  };
  return {
    async *build(request) {
      const queue = createAsyncQueue<BuildEvent>();
      const stop = new AbortController();
      const signal = AbortSignal.any([request.signal, stop.signal]);
      const building = options.images.withLease(() =>
        buildImage(workshop, { ...request, signal }, (event) => queue.push(event)),
      );
      try {
        yield* queue.during(building);
      } finally {
        // Whoever stops reading does not want the image any more.
        stop.abort();
        await building.catch(() => {});
        tidy();
      }
    },
    async *files(image) {
      const { diffIds } = await options.images.resolve(image);
      using workspace = options.containers.builds.openWorkspace([]);
      for await (const piece of workspace.export({ layers: diffIds })) yield piece;
    },
    prune: (pruneOptions) => pruneCache(workshop, pruneOptions),
    usage: () => usageOf(workshop),
  };
}
