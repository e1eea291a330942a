import { statfsSync } from "node:fs";
import { parseBoolean } from "#support/boolean.ts";
import { compileFilters, type Filters, unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";
import type { CacheLimits, CacheUsage, PruneBuildOptions, PrunedBuilds } from "../builder.ts";
import type { BuilderServices } from "../services.ts";

/** An item of the build cache that can be removed. */
interface CacheItem extends CacheUsage {
  remove(): void;
}

/** Returns all cache items, most recently used first. */
export async function usageOf(services: BuilderServices): Promise<CacheUsage[]> {
  return (await listItems(services)).map(({ remove: _, ...usage }) => usage);
}

/** Removes cache items and the layers that nothing else needs. Without `all`, items shared with images stay. */
export async function pruneCache(
  services: BuilderServices,
  options: PruneBuildOptions,
): Promise<PrunedBuilds> {
  const wanted = compileUsageFilters(options.filters);
  const items = await listItems(services);
  const limit = bytesToKeep(services, options, sumOf(items));
  const pruned: PrunedBuilds = { ids: [], space: 0 };
  let remaining = 0;
  for (const item of items) {
    const recent = options.until !== undefined && item.lastUsed >= options.until;
    if (recent || item.inUse || (item.shared && !options.all) || !wanted(item)) continue;
    remaining += item.size;
    if (limit > 0 && remaining <= limit) continue;
    item.remove();
    pruned.ids.push(item.id);
    pruned.space += item.size;
  }
  if (pruned.ids.length > 0) await services.images.collect();
  return pruned;
}

/** Removes the least recently used items when the cache exceeds its limits. */
export async function enforceLimits(services: BuilderServices, limits: CacheLimits): Promise<void> {
  if (limits.most === 0 && limits.free === 0) return;
  const total = sumOf(await listItems(services));
  if (total <= bytesToKeep(services, limits, total)) return;
  await pruneCache(services, { ...limits, all: true, filters: new Map() });
}

function bytesToKeep(
  { store }: BuilderServices,
  { reserved, most, free }: CacheLimits,
  total: number,
): number {
  if (most === 0 && free === 0) return reserved;
  const { bavail, bsize } = statfsSync(store);
  const missing = free === 0 ? 0 : Math.max(0, free - bavail * bsize);
  return Math.max(reserved, Math.min(most === 0 ? total : most, total - missing), 0);
}

async function listItems(services: BuilderServices): Promise<CacheItem[]> {
  const { cache, cacheMounts, images, measure } = services;
  if (cache.all().length === 0 && cacheMounts.all().length === 0) return [];
  const { kept } = await images.usage();
  const used = new Set(images.usedLayers());
  const steps = cache
    .all()
    .sort((a, b) => b.lastUsed - a.lastUsed)
    .map(({ key, diffId, ...step }): CacheItem => {
      const shared = diffId !== undefined && used.has(diffId);
      const size = (diffId === undefined ? undefined : kept.get(diffId)) ?? 0;
      // Several results can share a layer; its size counts once.
      if (diffId !== undefined) kept.delete(diffId);
      const remove = () => cache.remove(key);
      return { ...step, id: key.slice(0, 25), type: "regular", size, shared, inUse: false, remove };
    });
  const mounts = cacheMounts.all();
  const sizes = mounts.length === 0 ? [] : await measure(mounts.map(({ name }) => cacheMounts.path(name)));
  const directories = mounts.map(
    ({ name, ...mount }, index): CacheItem => ({
      ...mount,
      id: name.slice(0, 25),
      type: "exec.cachemount",
      size: sizes[index] ?? 0,
      shared: false,
      inUse: cacheMounts.inUse(name),
      // A build may have started to use the cache mount in the meantime.
      remove: () => (cacheMounts.inUse(name) ? undefined : cacheMounts.remove(name)),
    }),
  );
  const contexts = await listContexts(services);
  return [...steps, ...directories, ...contexts].sort((a, b) => b.lastUsed - a.lastUsed);
}

async function listContexts({ localContexts, measure }: BuilderServices): Promise<CacheItem[]> {
  const contexts = localContexts.all();
  const sizes =
    contexts.length === 0 ? [] : await measure(contexts.map(({ name }) => localContexts.path(name)));
  return contexts.map(({ name, ...times }, index) => ({
    ...times,
    // The end of the name tells directories of the same key apart.
    id: `${name.slice(0, 25)}${name.slice(64)}`,
    type: "source.local",
    description: "files of a client",
    size: sizes[index] ?? 0,
    uses: 1,
    shared: false,
    inUse: localContexts.inUse(name),
    remove: () => localContexts.remove(name),
  }));
}

function sumOf(items: CacheUsage[]): number {
  return items.reduce((sum, { size }) => sum + size, 0);
}

function compileUsageFilters(filters: Filters): (usage: CacheUsage) => boolean {
  return compileFilters(filters, (key, values) => {
    if (key === "label" || key === "label!") {
      // The cache has no labels.
      const passes = labelFilter(key, values)({});
      return () => passes;
    }
    const test = filterOf(key);
    return (usage) => values.some((value) => test(usage, value));
  });
}

function filterOf(key: string): (usage: CacheUsage, value: string) => boolean {
  switch (key) {
    case "id":
      return ({ id }, value) => id.startsWith(value) || value.startsWith(id);
    case "type":
      return ({ type }, value) => type === value;
    case "description":
      return ({ description }, value) => description.includes(value);
    // A flag without a value, such as `inuse`, means true.
    case "inuse":
      return ({ inUse }, value) => inUse === isTrue(value);
    case "shared":
      return ({ shared }, value) => shared === isTrue(value);
    case "private":
      return ({ shared }, value) => shared !== isTrue(value);
    default:
      throw unknownFilter(key);
  }
}

function isTrue(value: string): boolean {
  return parseBoolean(value) ?? true;
}
