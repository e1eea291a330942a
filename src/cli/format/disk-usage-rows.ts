import { type JsonObject, numberAt, objectAt, textAt } from "#client/json.ts";
import { humanDuration } from "#support/time/human-duration.ts";
import type { Listing } from "./listing.ts";
import { decimalSize } from "./size.ts";

export const volumeListing: Listing = {
  headings: { Name: "VOLUME NAME", Links: "LINKS", Size: "SIZE" },
  columns: ["Name", "Links", "Size"],
  quiet: "Name",
};

/** A volume of `GET /system/df`. */
export function volumeRow(volume: JsonObject): Record<string, string> {
  const usage = objectAt(volume, "UsageData");
  return {
    Name: textAt(volume, "Name"),
    Links: String(numberAt(usage, "RefCount")),
    Size: decimalSize(numberAt(usage, "Size"), 3),
  };
}

export const cacheListing: Listing = {
  headings: {
    ID: "CACHE ID",
    CacheType: "CACHE TYPE",
    Size: "SIZE",
    CreatedSince: "CREATED",
    LastUsedSince: "LAST USED",
    UsageCount: "USAGE",
    Shared: "SHARED",
  },
  columns: ["ID", "CacheType", "Size", "CreatedSince", "LastUsedSince", "UsageCount", "Shared"],
  quiet: "ID",
};

/** An item of `BuildCache` of `GET /system/df`; `now` in milliseconds since the epoch. */
export function cacheRow(item: JsonObject, now: number): Record<string, string> {
  const ago = (field: string) => `${humanDuration(now - Date.parse(textAt(item, field)))} ago`;
  return {
    ID: textAt(item, "ID").slice(0, 12),
    CacheType: textAt(item, "Type"),
    Size: decimalSize(numberAt(item, "Size"), 3),
    CreatedSince: ago("CreatedAt"),
    LastUsedSince: ago("LastUsedAt"),
    UsageCount: String(numberAt(item, "UsageCount")),
    Shared: String(item.Shared === true),
  };
}
