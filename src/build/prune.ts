import type { CacheUsage, PruneBuildOptions, PrunedBuilds } from "./builder.ts";
import type { Workshop } from "./workshop.ts";

/** What the cache holds, newest use first. */
export function usageOf({ cache, layers, images }: Workshop): CacheUsage[] {
  const shared = new Set(images.usedLayers());
  return cache
    .all()
    .map(({ key, diffId, description, created, lastUsed, uses }) => ({
      id: key.slice(0, 25),
      description,
      size: diffId === undefined || shared.has(diffId) ? 0 : layers.size(diffId),
      created,
      lastUsed,
      uses,
      shared: diffId !== undefined && shared.has(diffId),
    }))
    .sort((a, b) => b.lastUsed - a.lastUsed);
}

/** Forgets results, and removes the layers that nothing else needs. Without `all` what an image has stays. */
export async function pruneCache(
  workshop: Workshop,
  { all, keep, until }: PruneBuildOptions,
): Promise<PrunedBuilds> {
  const { cache, layers, images } = workshop;
  const shared = new Set(images.usedLayers());
  const pruned: PrunedBuilds = { ids: [], space: 0 };
  let kept = 0;
  for (const step of cache.all().sort((a, b) => b.lastUsed - a.lastUsed)) {
    const { diffId } = step;
    const size = diffId === undefined || shared.has(diffId) ? 0 : layers.size(diffId);
    if (until !== undefined && step.lastUsed >= until) continue;
    if (!all && diffId !== undefined && shared.has(diffId)) continue;
    kept += size;
    if (keep > 0 && kept <= keep) continue;
    cache.remove(step.key);
    pruned.ids.push(step.key.slice(0, 25));
    pruned.space += size;
  }
  await images.collect();
  return pruned;
}
