import type { CacheUsage } from "#builds/builder.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import type { ImagesUsage } from "#images/images.ts";
import type { Volume } from "#volumes/volumes.ts";
import { shapeCacheUsage } from "./build.ts";
import { type ContainerSizes, type SummaryContext, shapeContainerSummary } from "./container-summary.ts";
import { shapeImageSummary } from "./image.ts";
import { shapeVolume } from "./volume.ts";

export interface DiskUsage {
  images?: ImagesUsage;
  volumes?: { volume: Volume; mountpoint: string; size: number; users: number }[];
  builds?: CacheUsage[];
  containers?: { record: ContainerRecord; sizes: ContainerSizes }[];
}

type Context = Omit<SummaryContext, "sizes">;

/**
 * `GET /system/df`: what was not asked for is left out. Beside Docker's lists of 1.51 there are its sums of 1.52,
 * which cannot be had from the lists.
 */
export function shapeDiskUsage({ images, containers, volumes, builds }: DiskUsage, context: Context) {
  return {
    ...(images && shapeImages(images)),
    ...(containers && shapeContainers(containers, context)),
    ...(volumes && shapeVolumes(volumes)),
    ...(builds && shapeBuilds(builds)),
  };
}

function shapeImages({ images, size, reclaimable }: ImagesUsage) {
  return {
    LayersSize: size,
    Images: images.map(({ image, ...usage }) => shapeImageSummary({ ...image, size: usage.size }, usage)),
    ImageUsage: {
      TotalCount: images.length,
      ActiveCount: images.filter(({ containers }) => containers > 0).length,
      TotalSize: size,
      Reclaimable: reclaimable,
    },
  };
}

function shapeContainers(containers: NonNullable<DiskUsage["containers"]>, context: Context) {
  const active = new Set(["running", "paused", "restarting"]);
  return {
    Containers: containers.map(({ record, sizes }) => shapeContainerSummary(record, { ...context, sizes })),
    ContainerUsage: sums(containers, {
      sizeOf: ({ sizes }) => sizes.writable,
      isActive: ({ record }) => active.has(record.state.status),
    }),
  };
}

function shapeVolumes(volumes: NonNullable<DiskUsage["volumes"]>) {
  return {
    Volumes: volumes.map(({ volume, mountpoint, ...usage }) => shapeVolume(volume, mountpoint, usage)),
    VolumeUsage: sums(volumes, { sizeOf: ({ size }) => size, isActive: ({ users }) => users > 0 }),
  };
}

function shapeBuilds(builds: CacheUsage[]) {
  const usage = sums(builds, { sizeOf: ({ size }) => size, isActive: ({ inUse }) => inUse });
  return { BuildCache: builds.map(shapeCacheUsage), BuilderSize: usage.TotalSize, BuildCacheUsage: usage };
}

interface Measures<Item> {
  sizeOf: (item: Item) => number;
  /** What is in use cannot be had back. */
  isActive: (item: Item) => boolean;
}

function sums<Item>(items: Item[], { sizeOf, isActive }: Measures<Item>) {
  const active = items.filter(isActive);
  const total = (list: Item[]) => list.reduce((sum, item) => sum + sizeOf(item), 0);
  return {
    TotalCount: items.length,
    ActiveCount: active.length,
    TotalSize: total(items),
    Reclaimable: total(items) - total(active),
  };
}
