import type { VolumeInspect } from "#api/answers/volumes.ts";
import type { Volume } from "#volumes/volumes.ts";

/** Size in bytes and number of containers that mount the volume. */
export interface VolumeUsage {
  size: number;
  users: number;
}

/** Returns the answer of `GET /volumes/{name}`. */
export function shapeVolume(
  { name, created, labels, options }: Volume,
  mountpoint: string,
  usage?: VolumeUsage,
): VolumeInspect {
  return {
    CreatedAt: created,
    Driver: "local",
    Labels: Object.keys(labels).length > 0 ? labels : null,
    Mountpoint: mountpoint,
    Name: name,
    Options: Object.keys(options).length > 0 ? options : null,
    Scope: "local",
    ...(usage === undefined ? {} : { UsageData: { Size: usage.size, RefCount: usage.users } }),
  };
}
