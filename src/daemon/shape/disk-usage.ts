import type { ContainerRecord } from "#containers/record.ts";
import type { ImageUsage } from "#images/images.ts";
import { type ContainerSizes, shapeContainerSummary } from "./container-summary.ts";
import { shapeImageSummary } from "./image.ts";

export interface DiskUsage {
  images?: { images: ImageUsage[]; layersSize: number };
  containers?: { record: ContainerRecord; sizes: ContainerSizes }[];
}

/** `GET /system/df`: what was not asked for is left out. */
export function shapeDiskUsage({ images, containers }: DiskUsage, now: number) {
  return {
    ...(images === undefined
      ? {}
      : {
          LayersSize: images.layersSize,
          Images: images.images.map(({ image, ...usage }) => shapeImageSummary(image, usage)),
        }),
    ...(containers === undefined
      ? {}
      : { Containers: containers.map(({ record, sizes }) => shapeContainerSummary(record, now, sizes)) }),
    Volumes: [],
    BuildCache: [],
    BuilderSize: 0,
  };
}
