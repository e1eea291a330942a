import type { Database } from "bun:sqlite";
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { openKeyedLocks } from "#support/concurrency/keyed-locks.ts";
import type { Warn } from "#support/log.ts";
import type { UsageRegister } from "#support/usage-register.ts";
import type { BuildEvent, Builder, CacheLimits } from "./builder.ts";
import { openBuildCache } from "./cache/build-cache.ts";
import { openCacheMounts } from "./cache/cache-mounts.ts";
import { openLocalContexts } from "./cache/local-contexts.ts";
import { enforceLimits, pruneCache, usageOf } from "./cache/prune.ts";
import type { DigestCache } from "./context/scan.ts";
import type { BuilderServices } from "./services.ts";
import { buildImage } from "./solve/build-image.ts";

export interface BuilderOptions
  extends Omit<BuilderServices, "cache" | "cacheMounts" | "localContexts" | "locks" | "digestCache"> {
  /** Database without power-safe commits: a cached layer lost in a power failure is detected and built again. */
  database: Database;
  /** Limits of the build cache. */
  limits: CacheLimits;
  /** Register for the layers in the build cache. */
  uses: UsageRegister<"layer">;
  warn: Warn;
}

/** Numbers of context directories whose digests are cached, and of their files. */
const mostDirectories = 16;
const mostFiles = 250_000;

export function openBuilder({ database, limits, uses, warn, ...options }: BuilderOptions): Builder {
  const known = new Map<string, DigestCache>();
  const services: BuilderServices = {
    ...options,
    cache: openBuildCache(database, uses),
    cacheMounts: openCacheMounts({ database, ...options }),
    localContexts: openLocalContexts(options),
    locks: openKeyedLocks(),
    digestCache(directory) {
      const digests = known.get(directory) ?? {};
      known.delete(directory);
      known.set(directory, digests);
      let files = 0;
      for (const { latest } of known.values()) files += latest?.count() ?? 0;
      for (const [oldest, { latest }] of known) {
        if (oldest === directory || (known.size <= mostDirectories && files <= mostFiles)) break;
        files -= latest?.count() ?? 0;
        latest?.[Symbol.dispose]();
        known.delete(oldest);
      }
      return digests;
    },
  };
  const work = `${options.store}/build/work`;
  mkdirSync(work, { recursive: true, mode: 0o700 });
  // Leftovers of builds that were running when the last daemon died.
  for (const name of readdirSync(work)) options.discard(`${work}/${name}`);
  let tidying = false;
  /** Enforces the cache limits in the background. */
  const tidy = () => {
    if (tidying) return;
    tidying = true;
    enforceLimits(services, limits)
      .catch((error) => warn("prune the build cache", error))
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
        buildImage(services, { ...request, signal }, { emit: queue.push, room: () => queue.room(signal) }),
      );
      try {
        yield* queue.during(building);
      } finally {
        // A caller that stops reading cancels the build.
        stop.abort();
        await building.catch(() => {});
        tidy();
      }
    },
    async *files(image) {
      const { diffIds } = await options.images.resolve(image);
      using workspace = options.containers.builds.openWorkspace([]);
      for await (const chunk of workspace.export({ layers: diffIds })) yield chunk;
    },
    takeDirectory: (key) => services.localContexts.take(key),
    openScratch() {
      const directory = `${work}/${randomUUID()}`;
      mkdirSync(directory, { mode: 0o700 });
      return { directory, [Symbol.dispose]: () => options.discard(directory) };
    },
    prune: (pruneOptions) => pruneCache(services, pruneOptions),
    usage: () => usageOf(services),
  };
}
