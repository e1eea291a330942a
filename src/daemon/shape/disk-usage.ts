import type { CacheUsage } from "#build/builder.ts";
import type { ContainerRecord } from "#containers/record.ts";
import type { ImageUsage } from "#images/images.ts";
import type { Volume } from "#volumes/volumes.ts";
import { shapeCacheUsage } from "./build.ts";
import { type ContainerSizes, type SummaryContext, shapeContainerSummary } from "./container-summary.ts";
import { shapeImageSummary } from "./image.ts";
import { shapeVolume } from "./volume.ts";

export interface DiskUsage {
  images?: { images: ImageUsage[]; layersSize: number };
  volumes?: { volume: Volume; mountpoint: string; size: number; users: number }[];
  builds?: CacheUsage[];
  containers?: { record: ContainerRecord; sizes: ContainerSizes }[];
}

/** `GET /system/df`: what was not asked for is left out. */
export function shapeDiskUsage(
  { images, containers, volumes, builds }: DiskUsage,
  context: Omit<SummaryContext, "sizes">,
) {
  return {
    ...(images === undefined
      ? {}
      : {
          LayersSize: images.layersSize,
          Images: images.images.map(({ image, ...usage }) => shapeImageSummary(image, usage)),
        }),
    ...(containers === undefined
      ? {}
      : {
          Containers: containers.map(({ record, sizes }) =>
            shapeContainerSummary(record, { ...context, sizes }),
          ),
        }),
    ...(volumes === undefined
      ? {}
      : {
          Volumes: volumes.map(({ volume, mountpoint, ...usage }) => shapeVolume(volume, mountpoint, usage)),
        }),
    ...(builds === undefined
      ? {}
      : {
          BuildCache: builds.map(shapeCacheUsage),
          BuilderSize: builds.reduce((sum, { size }) => sum + size, 0),
        }),
  };
}
