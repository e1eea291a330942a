import { statfsSync } from "node:fs";
import { invalidArgument } from "#support/errors.ts";
import type { CacheLimits, CacheUsage, PruneBuildOptions, PrunedBuilds } from "../builder.ts";
import type { Workshop } from "../services.ts";

/** Something that is kept, and how to be rid of it. */
interface Kept extends CacheUsage {
  remove(): void;
}

/** What the cache holds, newest use first. */
export async function usageOf(workshop: Workshop): Promise<CacheUsage[]> {
  return (await everything(workshop)).map(({ remove: _, ...usage }) => usage);
}

/** Forgets results, and removes the layers that nothing else needs. Without `all` what an image has stays. */
export async function pruneCache(workshop: Workshop, options: PruneBuildOptions): Promise<PrunedBuilds> {
  const wanted = compileFilters(options.filters);
  const kept = await everything(workshop);
  const most = bytesToKeep(workshop, options, sumOf(kept));
  const pruned: PrunedBuilds = { ids: [], space: 0 };
  let stays = 0;
  for (const one of kept) {
    const recent = options.until !== undefined && one.lastUsed >= options.until;
    if (recent || one.inUse || (one.shared && !options.all) || !wanted(one)) continue;
    stays += one.size;
    if (most > 0 && stays <= most) continue;
    one.remove();
    pruned.ids.push(one.id);
    pruned.space += one.size;
  }
  if (pruned.ids.length > 0) await workshop.images.collect();
  return pruned;
}

/** Prunes what was not used for longest when there is more than may stay. */
export async function keepWithin(workshop: Workshop, limits: CacheLimits): Promise<void> {
  if (limits.most === 0 && limits.free === 0) return;
  const total = sumOf(await everything(workshop));
  if (total <= bytesToKeep(workshop, limits, total)) return;
  await pruneCache(workshop, { ...limits, all: true, filters: new Map() });
}

function bytesToKeep({ store }: Workshop, { reserved, most, free }: CacheLimits, total: number): number {
  if (most === 0 && free === 0) return reserved;
  const { bavail, bsize } = statfsSync(store);
  const missing = free === 0 ? 0 : Math.max(0, free - bavail * bsize);
  return Math.max(reserved, Math.min(most === 0 ? total : most, total - missing), 0);
}

async function everything({ cache, cacheMounts, images, measure }: Workshop): Promise<Kept[]> {
  const { kept } = await images.usage();
  const used = new Set(images.usedLayers());
  const steps = cache
    .all()
    .sort((a, b) => b.lastUsed - a.lastUsed)
    .map(({ key, diffId, ...step }): Kept => {
      const shared = diffId !== undefined && used.has(diffId);
      const size = (diffId === undefined ? undefined : kept.get(diffId)) ?? 0;
      // Of several results that are one layer, the first has its size.
      if (diffId !== undefined) kept.delete(diffId);
      const remove = () => cache.remove(key);
      return { ...step, id: key.slice(0, 25), type: "regular", size, shared, inUse: false, remove };
    });
  const mounts = cacheMounts.all();
  const sizes = mounts.length === 0 ? [] : await measure(mounts.map(({ name }) => cacheMounts.path(name)));
  const directories = mounts.map(
    ({ name, ...mount }, index): Kept => ({
      ...mount,
      id: name.slice(0, 25),
      type: "exec.cachemount",
      size: sizes[index] ?? 0,
      shared: false,
      inUse: cacheMounts.inUse(name),
      // A build may have begun to use it meanwhile.
      remove: () => (cacheMounts.inUse(name) ? undefined : cacheMounts.remove(name)),
    }),
  );
  return [...steps, ...directories].sort((a, b) => b.lastUsed - a.lastUsed);
}

function sumOf(kept: CacheUsage[]): number {
  return kept.reduce((sum, { size }) => sum + size, 0);
}

function compileFilters(filters: Map<string, string[]>): (usage: CacheUsage) => boolean {
  const tests = [...filters].map(([key, values]) => {
    const test = filterOf(key);
    return (usage: CacheUsage) => values.some((value) => test(usage, value));
  });
  return (usage) => tests.every((test) => test(usage));
}

function filterOf(key: string): (usage: CacheUsage, value: string) => boolean {
  switch (key) {
    case "id":
      return ({ id }, value) => id.startsWith(value) || value.startsWith(id);
    case "type":
      return ({ type }, value) => type === value;
    case "description":
      return ({ description }, value) => description.includes(value);
    // They stand alone: without a value.
    case "inuse":
      return ({ inUse }, value) => inUse === isTrue(value);
    case "shared":
      return ({ shared }, value) => shared === isTrue(value);
    case "private":
      return ({ shared }, value) => shared !== isTrue(value);
    default:
      throw invalidArgument(`invalid filter '${key}'`);
  }
}

function isTrue(value: string): boolean {
  return !/^(0|f|false)$/i.test(value);
}
