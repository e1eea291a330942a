import type { PruneBuildOptions } from "#builds/builder.ts";
import type { pruneRequest } from "../protocol/control.ts";
import type { Decoded } from "../protocol/schema.ts";

/** Nanoseconds in a millisecond. */
const perMillisecond = 1e6;

/** Returns the options of `Control.Prune`. Filters are `KEY==VALUE`, `KEY=VALUE` or `KEY`. */
export function parsePrune({
  filter,
  all,
  keepDuration,
  reservedSpace,
  maxUsedSpace,
  minFreeSpace,
}: Decoded<typeof pruneRequest>): PruneBuildOptions {
  const filters = new Map<string, string[]>();
  for (const text of filter.flatMap((one) => one.split(",")).filter((one) => one !== "")) {
    const [, key = "", value = ""] = /^([^=~]+)(?:[=~]=?(.*))?$/s.exec(text) ?? [];
    filters.set(key, [...(filters.get(key) ?? []), value]);
  }
  return {
    all,
    reserved: reservedSpace,
    most: maxUsedSpace,
    free: minFreeSpace,
    filters,
    ...(keepDuration === 0 ? {} : { until: Date.now() - keepDuration / perMillisecond }),
  };
}
