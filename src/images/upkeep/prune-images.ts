import { TboxError } from "#support/errors.ts";
import { labelFilter } from "#support/filters/labels.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "../store/image-records.ts";
import { partsOfNamedIndexes } from "../store/index-parts.ts";
import type { PruneImagesOptions, RemovedImage } from "./image-maintenance.ts";
import { removeImage } from "./remove-image.ts";

/** Removes the unused images that match the options, and releases the blobs of unfinished pulls. */
export async function pruneImages(
  services: ImageServices,
  options: PruneImagesOptions,
): Promise<RemovedImage[]> {
  const { records, uses } = services;
  const removed: RemovedImage[] = [];
  const named = new Set(records.names().map(({ id }) => id));
  const parts = await partsOfNamedIndexes(services);
  const matches = compileFilters(options);
  records.releaseBlobs();
  for (const image of records.all()) {
    options.signal.throwIfAborted();
    const isNamed = named.has(image.id) || parts.has(image.id);
    if ((isNamed && !options.all) || uses.isUsed("image", image.id) || !matches(image)) continue;
    try {
      const removal = { force: true, prune: true, signal: options.signal };
      removed.push(...(await removeImage(services, image.id, removal)));
    } catch (error) {
      // A container may have begun to use the image, or another request may have removed it.
      if (!(error instanceof TboxError && ["conflict", "not-found"].includes(error.code))) throw error;
    }
  }
  return removed;
}

function compileFilters({ labels, notLabels, until }: PruneImagesOptions): (image: ImageRecord) => boolean {
  const hasAll = labelFilter("label", labels);
  const hasNone = labelFilter("label!", notLabels);
  return ({ config, created }) => {
    if (until !== undefined && created >= until) return false;
    const own = config.config?.Labels;
    return hasAll(own) && hasNone(own);
  };
}
