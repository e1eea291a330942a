import { TboxError } from "#support/errors.ts";
import { labelFilter } from "#support/filters/labels.ts";
import type { RemovedImage } from "../images.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "../store/records.ts";
import { removeImage } from "./remove.ts";

export interface PruneImagesOptions {
  /** Also images with a name that no container uses; otherwise only those without. */
  all: boolean;
  /** Labels (`name` or `name=value`) that an image must have, or must not. */
  labels: string[];
  notLabels: string[];
  /** Only images made before, in milliseconds since the epoch. */
  until: number | undefined;
  signal: AbortSignal;
}

/** Removes images that nobody needs. */
export async function pruneImages(
  services: ImageServices,
  options: PruneImagesOptions,
): Promise<RemovedImage[]> {
  const { records } = services;
  const removed: RemovedImage[] = [];
  const named = new Set(records.names().map(({ id }) => id));
  // What unfinished pulls have left is nobody's any more.
  records.settle();
  for (const image of records.all()) {
    options.signal.throwIfAborted();
    if (
      (named.has(image.id) && !options.all) ||
      services.uses.isUsed("image", image.id) ||
      !passes(image, options)
    )
      continue;
    try {
      const removal = { force: true, prune: true, signal: options.signal };
      removed.push(...(await removeImage(services, image.id, removal)));
    } catch (error) {
      // Somebody has begun to use it meanwhile.
      if (!(error instanceof TboxError && ["conflict", "not-found"].includes(error.code))) throw error;
    }
  }
  return removed;
}

function passes(image: ImageRecord, { labels, notLabels, until }: PruneImagesOptions): boolean {
  const own = image.config.config?.Labels;
  if (until !== undefined && image.created >= until) return false;
  return labelFilter("label", labels)(own) && labelFilter("label!", notLabels)(own);
}
