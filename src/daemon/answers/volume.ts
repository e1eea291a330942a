import type { Volume } from "#volumes/volumes.ts";

/** `GET /volumes/{name}`; `size` in bytes where it was measured. */
export function shapeVolume(
  { name, created, labels, options }: Volume,
  mountpoint: string,
  usage?: { size: number; users: number },
) {
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
