import type { ContainerSummary } from "./container-summary.ts";
import type { ImageSummary } from "./images.ts";
import type { VolumeInspect } from "./volumes.ts";

/**
 * Answer of `GET /system/df`. Types that the request excludes are absent. The lists are those of Docker's API 1.51,
 * the `…Usage` sums those of 1.52. Sizes are bytes on the disk.
 */
export interface DiskUsageAnswer {
  /** Bytes of all images. */
  LayersSize?: number;
  Images?: ImageSummary[];
  ImageUsage?: UsageSum;
  Containers?: ContainerSummary[];
  ContainerUsage?: UsageSum;
  Volumes?: VolumeInspect[];
  VolumeUsage?: UsageSum;
  BuildCache?: CacheRecord[];
  /** Bytes of the build cache. */
  BuilderSize?: number;
  BuildCacheUsage?: UsageSum;
  /** Messages about a nearly full disk; a field of tbox alone, absent while there is room. */
  Warnings?: string[];
}

/** Sums over the objects of one type. */
export interface UsageSum {
  TotalCount: number;
  /** Number of objects in use. */
  ActiveCount: number;
  TotalSize: number;
  /** Bytes that a prune frees. */
  Reclaimable: number;
}

/** A record of the build cache: an item of `BuildCache`. */
export interface CacheRecord {
  ID: string;
  Type: string;
  Description: string;
  InUse: boolean;
  /** Whether images have the layer too. */
  Shared: boolean;
  Size: number;
  /** RFC 3339. */
  CreatedAt: string;
  LastUsedAt: string;
  UsageCount: number;
}
