import type { PruneImagesOptions } from "#images/upkeep/image-maintenance.ts";
import { invalidArgument } from "#support/errors.ts";
import { parseMoment } from "#support/time/moment.ts";

/** Returns the options of `POST /images/prune`; only `dangling=false` includes images with a name. */
export function parsePruneImages(filters: Map<string, string[]>, signal: AbortSignal): PruneImagesOptions {
  const options: PruneImagesOptions = { all: false, labels: [], notLabels: [], until: undefined, signal };
  for (const [key, values] of filters) {
    if (key === "dangling") options.all = values.some((value) => value === "false" || value === "0");
    else if (key === "label") options.labels = values;
    else if (key === "label!") options.notLabels = values;
    else if (key === "until") options.until = Math.min(...values.map(parseMoment));
    else throw invalidArgument(`invalid filter '${key}'`);
  }
  return options;
}
