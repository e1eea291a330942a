import type { Digest } from "#oci/digest.ts";
import type { ImageServices } from "../services.ts";

/** Returns how many bytes of files each image shares with others. */
export function sharedSizesOf({ records, layers }: ImageServices): Map<Digest, number> {
  const owners = countOwners(records.all().map(({ diffIds }) => new Set(diffIds)));
  return new Map(
    records.all().map(({ id, diffIds }) => {
      const shared = [...new Set(diffIds)].filter((diffId) => (owners.get(diffId) ?? 0) > 1);
      return [id, shared.reduce((sum, diffId) => sum + layers.size(diffId), 0)];
    }),
  );
}

/** Returns the number of sets that contain each part. */
export function countOwners(all: ReadonlySet<string>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const own of all) for (const part of own) counts.set(part, (counts.get(part) ?? 0) + 1);
  return counts;
}
