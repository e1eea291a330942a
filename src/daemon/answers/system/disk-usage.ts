import type { DiskUsageAnswer, UsageSum } from "#api/answers/disk-usage.ts";
import type { CacheUsage } from "#builds/builder.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import type { ImagesUsage } from "#images/upkeep/image-maintenance.ts";
import type { Volume } from "#volumes/volumes.ts";
import { shapeCacheUsage } from "../builds/cache-usage.ts";
import {
  type ContainerSizes,
  containerSummary,
  type SummaryContext,
} from "../containers/container-summary.ts";
import { shapeImageSummary } from "../images/image.ts";
import { shapeVolume, type VolumeUsage } from "../volume.ts";

/** Measured disk usage; types that the request excludes are absent. */
export interface DiskUsage {
  images?: ImagesUsage;
  volumes?: ({ volume: Volume; mountpoint: string } & VolumeUsage)[];
  builds?: CacheUsage[];
  containers?: { record: ContainerRecord; sizes: ContainerSizes }[];
}

type Context = Omit<SummaryContext, "sizes">;

/** Returns the answer of `GET /system/df` as an API version has it: images have a `VirtualSize` before 1.44. */
export function diskUsageOfVersion(answer: DiskUsageAnswer, version: number): DiskUsageAnswer {
  const { Images } = answer;
  if (version >= 44 || !Images) return answer;
  return { ...answer, Images: Images.map((image) => ({ ...image, VirtualSize: image.Size })) };
}

/** Returns the answer of `GET /system/df`. */
export function shapeDiskUsage(
  { images, containers, volumes, builds }: DiskUsage,
  context: Context,
): DiskUsageAnswer {
  return {
    ...(images && shapeImages(images)),
    ...(containers && shapeContainers(containers, context)),
    ...(volumes && shapeVolumes(volumes)),
    ...(builds && shapeBuilds(builds)),
  };
}

function shapeImages({ images, size, reclaimable }: ImagesUsage): DiskUsageAnswer {
  return {
    LayersSize: size,
    Images: images.map(({ image, ...usage }) => shapeImageSummary({ ...image, size: usage.size }, usage)),
    // Images share layers, so their sizes do not add up to the total.
    ImageUsage: {
      TotalCount: images.length,
      ActiveCount: images.filter(({ containers }) => containers > 0).length,
      TotalSize: size,
      Reclaimable: reclaimable,
    },
  };
}

function shapeContainers(
  containers: NonNullable<DiskUsage["containers"]>,
  context: Context,
): DiskUsageAnswer {
  const active = new Set(["running", "paused", "restarting"]);
  return {
    Containers: containers.map(({ record, sizes }) => containerSummary(record, { ...context, sizes }).value),
    ContainerUsage: sum(containers, {
      sizeOf: ({ sizes }) => sizes.writable,
      isActive: ({ record }) => active.has(record.state.status),
    }),
  };
}

function shapeVolumes(volumes: NonNullable<DiskUsage["volumes"]>): DiskUsageAnswer {
  return {
    Volumes: volumes.map(({ volume, mountpoint, ...usage }) => shapeVolume(volume, mountpoint, usage)),
    VolumeUsage: sum(volumes, { sizeOf: ({ size }) => size, isActive: ({ users }) => users > 0 }),
  };
}

function shapeBuilds(builds: CacheUsage[]): DiskUsageAnswer {
  const usage = sum(builds, { sizeOf: ({ size }) => size, isActive: ({ inUse }) => inUse });
  return { BuildCache: builds.map(shapeCacheUsage), BuilderSize: usage.TotalSize, BuildCacheUsage: usage };
}

interface Measures<Item> {
  sizeOf: (item: Item) => number;
  /** Whether the item is in use, so that a prune does not remove it. */
  isActive: (item: Item) => boolean;
}

function sum<Item>(items: Item[], { sizeOf, isActive }: Measures<Item>): UsageSum {
  const active = items.filter(isActive);
  const total = (list: Item[]) => list.reduce((bytes, item) => bytes + sizeOf(item), 0);
  return {
    TotalCount: items.length,
    ActiveCount: active.length,
    TotalSize: total(items),
    Reclaimable: total(items) - total(active),
  };
}
