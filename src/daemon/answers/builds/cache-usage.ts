import type { CacheRecord } from "#api/answers/disk-usage.ts";
import type { CacheUsage } from "#builds/builder.ts";

/** Returns an item of `BuildCache` of `GET /system/df`. */
export function shapeCacheUsage(usage: CacheUsage): CacheRecord {
  const { id, type, description, size, created, lastUsed, uses, shared, inUse } = usage;
  return {
    ID: id,
    Type: type,
    Description: description,
    InUse: inUse,
    Shared: shared,
    Size: size,
    CreatedAt: new Date(created).toISOString(),
    LastUsedAt: new Date(lastUsed).toISOString(),
    UsageCount: uses,
  };
}
