import type { PruneImagesOptions } from "#images/upkeep/image-maintenance.ts";
import { parseBoolean } from "#support/boolean.ts";
import { invalidArgument } from "#support/errors.ts";
import { parseMoment } from "#support/time/moment.ts";

/** Returns the options of `POST /images/prune`; only `dangling=false` includes images with a name. */
export function parsePruneImages(filters: Map<string, string[]>, signal: AbortSignal): PruneImagesOptions {
  const options: PruneImagesOptions = { all: false, labels: [], notLabels: [], until: undefined, signal };
  for (const [key, values] of filters) {
    if (key === "dangling") options.all = values.map(parseDangling).includes(false);
    else if (key === "label") options.labels = values;
    else if (key === "label!") options.notLabels = values;
    else if (key === "until") options.until = Math.min(...values.map(parseMoment));
    else throw invalidArgument(`invalid filter '${key}'`);
  }
  return options;
}

function parseDangling(value: string): boolean {
  const dangling = parseBoolean(value);
  if (dangling === undefined) throw invalidArgument(`invalid filter 'dangling=[${value}]'`);
  return dangling;
}
