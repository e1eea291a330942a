import type { PruneBuildQuery } from "#api/requests/build.ts";
import type { PruneBuildOptions } from "#builds/builder.ts";
import { parseMoment } from "#support/time/moment.ts";

/** Returns the options of `POST /build/prune`. If both `until` and `unused-for` are given, the older time applies. */
export function parsePruneBuilds(query: PruneBuildQuery): PruneBuildOptions {
  const { all = false, "min-free-space": free = 0, "max-used-space": most = 0 } = query;
  const reserved = query["reserved-space"] ?? query["keep-storage"] ?? 0;
  const { until, "unused-for": unused, ...filters } = Object.fromEntries(query.filters ?? []);
  const moments = [...(until ?? []), ...(unused ?? [])].map(parseMoment);
  return {
    all,
    reserved,
    most,
    free,
    filters: new Map(Object.entries(filters)),
    ...(moments.length === 0 ? {} : { until: Math.min(...moments) }),
  };
}
