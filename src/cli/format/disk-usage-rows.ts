import type { CacheRecord } from "#api/answers/disk-usage.ts";
import type { VolumeInspect } from "#api/answers/volumes.ts";
import { humanDuration } from "#support/time/human-duration.ts";
import type { Listing } from "./listing.ts";
import { decimalSize } from "./size.ts";

/** Columns of volumes in `tbox system df -v`. */
export const volumeListing: Listing = {
  headings: { Name: "VOLUME NAME", Links: "LINKS", Size: "SIZE" },
  columns: ["Name", "Links", "Size"],
  quiet: "Name",
};

/** Returns the fields of a volume in the listing of disk usage. */
export function volumeRow({ Name, UsageData }: VolumeInspect): Record<string, string> {
  return {
    Name,
    Links: String(UsageData?.RefCount ?? 0),
    Size: decimalSize(UsageData?.Size ?? 0, 3),
  };
}

/** Columns of build cache records in `tbox system df -v`. */
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

/** Returns the fields of a build cache record. `now` is in milliseconds since the epoch. */
export function cacheRow(record: CacheRecord, now: number): Record<string, string> {
  const ago = (time: string) => `${humanDuration(now - Date.parse(time))} ago`;
  return {
    ID: record.ID.slice(0, 12),
    CacheType: record.Type,
    Size: decimalSize(record.Size, 3),
    CreatedSince: ago(record.CreatedAt),
    LastUsedSince: ago(record.LastUsedAt),
    UsageCount: String(record.UsageCount),
    Shared: String(record.Shared),
  };
}
