import { compileFilters, type Filters, unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";
import { untilFilter } from "#support/time/moment.ts";
import type { Network } from "./network.ts";

/** Compiles the filters of a prune: `label`, `label!` and `until`. */
export function compilePruneFilters(filters: Filters): (network: Network) => boolean {
  return compileFilters(filters, testFor);
}

function testFor(key: string, values: string[]): (network: Network) => boolean {
  switch (key) {
    case "label":
    case "label!": {
      const test = labelFilter(key, values);
      return ({ labels }) => test(labels);
    }
    case "until": {
      const test = untilFilter(values);
      return ({ created }) => test(Date.parse(created));
    }
    default:
      throw unknownFilter(key);
  }
}
