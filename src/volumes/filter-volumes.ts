import { wantsDangling } from "#support/filters/dangling.ts";
import { compileFilters, type Filters, unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";
import { patternFilter } from "#support/filters/patterns.ts";
import type { Volume } from "./volumes.ts";

/** Filters of a list of volumes. */
export const listFilters: ReadonlySet<string> = new Set(["dangling", "driver", "label", "name"]);

/** Filters of a prune, besides `all`. */
export const pruneFilters: ReadonlySet<string> = new Set(["label", "label!"]);

/** Returns the volumes that match Docker's filters, sorted by name. Refuses filters that are not `known`. */
export function filterVolumes(
  volumes: Volume[],
  { filters, known }: { filters: Filters; known: ReadonlySet<string> },
  isUsed: (name: string) => boolean,
): Volume[] {
  const unknown = [...filters.keys()].find((key) => !known.has(key));
  if (unknown !== undefined) throw unknownFilter(unknown);
  const passes = compileFilters<Volume>(filters, (key, values) => testFor(key, values, isUsed));
  return volumes.filter(passes).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function testFor(
  key: string,
  values: string[],
  isUsed: (name: string) => boolean,
): (volume: Volume) => boolean {
  switch (key) {
    case "name": {
      const test = patternFilter(key, values);
      return ({ name }) => test(name);
    }
    case "driver":
      return () => values.includes("local");
    case "label":
    case "label!": {
      const test = labelFilter(key, values);
      return ({ labels }) => test(labels);
    }
    case "dangling": {
      const wanted = wantsDangling(values);
      return ({ name }) => isUsed(name) !== wanted;
    }
    default:
      throw unknownFilter(key);
  }
}
