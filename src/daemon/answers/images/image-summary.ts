import type { ImageSummary } from "#api/answers/images.ts";
import type { ImageDetails } from "#images/store/image-queries.ts";
import { ObjectCache, timeless } from "#support/object-cache.ts";
import { shapeImageSummary } from "./image.ts";
import { summaryOfVersion } from "./old-versions.ts";

const summaries = new ObjectCache<ImageDetails, ImageSummary>();

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
  return summaries.get(image, [sharedSize, containers, version], Date.now(), () =>
    timeless(summaryOfVersion(shapeImageSummary(image, { sharedSize, containers }), version)),
  ).value;
}
