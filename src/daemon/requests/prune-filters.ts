import { invalidArgument } from "#support/errors.ts";
import { parseMoment } from "#support/time/moment.ts";

/** Docker's filters of `POST /images/prune`; without `dangling=false` only images without a name. */
export function parsePruneFilters(filters: Map<string, string[]>) {
  const parsed = {
    all: false,
    labels: [] as string[],
    notLabels: [] as string[],
    until: undefined as number | undefined,
  };
  for (const [key, values] of filters) {
    if (key === "dangling") parsed.all = values.some((value) => value === "false" || value === "0");
    else if (key === "label") parsed.labels = values;
    else if (key === "label!") parsed.notLabels = values;
    else if (key === "until") parsed.until = Math.min(...values.map(parseMoment));
    else throw invalidArgument(`invalid filter '${key}'`);
  }
  return parsed;
}
