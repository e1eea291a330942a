import type { Digest } from "#oci/digest.ts";
import type { ImageServices } from "../services.ts";
import type { ImageSharing } from "./image-queries.ts";

/** Returns how many bytes of files each image shares with others, and how many containers use it. */
export function sharingOf({ records, layers, uses }: ImageServices): Map<Digest, ImageSharing> {
  const owners = countOwners(records.all().map(({ diffIds }) => new Set(diffIds)));
  return new Map(
    records.all().map(({ id, diffIds }) => {
      const shared = [...new Set(diffIds)].filter((diffId) => (owners.get(diffId) ?? 0) > 1);
      const sharedSize = shared.reduce((sum, diffId) => sum + layers.size(diffId), 0);
      return [id, { sharedSize, containers: uses.users("image", id).length }];
    }),
  );
}

/** Returns the number of sets that contain each part. */
export function countOwners(all: ReadonlySet<string>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const own of all) for (const part of own) counts.set(part, (counts.get(part) ?? 0) + 1);
  return counts;
}
