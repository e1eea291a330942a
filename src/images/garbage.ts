import type { ContentStore } from "#content/store.ts";
import type { Layers } from "#layers/layers.ts";
import type { Digest } from "#oci/digest.ts";
import type { ImageRecords } from "./records.ts";

/** Removes blobs that no image refers to, and layers that neither an image nor a container uses. */
export async function collectGarbage(
  content: ContentStore,
  layers: Layers,
  records: ImageRecords,
  inUse: (diffId: string) => boolean,
): Promise<void> {
  const blobs = new Set<Digest>();
  const diffIds = new Set<string>();
  for (const image of records.all()) {
    for (const digest of [image.id, image.target.digest, image.manifest.digest, ...image.layers])
      blobs.add(digest);
    for (const diffId of image.diffIds) diffIds.add(diffId);
  }
  for (const digest of await content.list()) if (!blobs.has(digest)) await content.remove(digest);
  await layers.remove(layers.list().filter((diffId) => !diffIds.has(diffId) && !inUse(diffId)));
}
