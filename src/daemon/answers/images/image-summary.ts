import type { ImageSummary } from "#api/answers/images.ts";
import type { ImageDetails } from "#images/store/image-queries.ts";
import { shapeImageSummary } from "./image.ts";
import { summaryOfVersion } from "./old-versions.ts";

const latest = new WeakMap<ImageDetails, SummaryContext & { summary: ImageSummary }>();

/** Data of an item that the image itself does not have. */
interface SummaryContext {
  /** Bytes that the image shares with other images; -1 unless requested. */
  sharedSize: number;
  containers: number;
  /** Minor version of the API. */
  version: number;
}

/**
 * Returns an item of `GET /images/json`. Returns the same object until something in it changes, because a store can have
 * thousands of images. Callers must not change the object.
 */
export function imageSummary(
  image: ImageDetails,
  { sharedSize, containers, version }: SummaryContext,
): ImageSummary {
  const known = latest.get(image);
  if (known?.containers === containers && known.sharedSize === sharedSize && known.version === version) {
    return known.summary;
  }
  const summary = summaryOfVersion(shapeImageSummary(image, { sharedSize, containers }), version);
  latest.set(image, { sharedSize, containers, version, summary });
  return summary;
}
