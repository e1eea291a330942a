import type { ContentStore } from "#content/store.ts";
import type { Layers } from "#layers/layers.ts";
import type { ImageUsage } from "./images.ts";
import { describer } from "./list.ts";
import type { Workshop } from "./workshop.ts";

/** What each image takes, in bytes of files, and everything together, in bytes of the disk. */
export async function usageOf(
  workshop: Workshop,
  embedded: string | undefined,
): Promise<{ images: ImageUsage[]; layersSize: number }> {
  const { content, records, layers, usedBy } = workshop;
  const users = new Map<string, number>();
  for (const { diffIds } of records.all()) {
    for (const diffId of new Set(diffIds)) users.set(diffId, (users.get(diffId) ?? 0) + 1);
  }
  const describe = describer(workshop, embedded);
  const images = records.all().map((record) => ({
    image: describe(record),
    sharedSize: [...new Set(record.diffIds)]
      .filter((diffId) => (users.get(diffId) ?? 0) > 1)
      .reduce((sum, diffId) => sum + layers.size(diffId), 0),
    containers: usedBy(record.id).length,
  }));
  return { images, layersSize: await occupied(content, layers) };
}

/** Bytes of the disk that blobs and unpacked layers take. */
export async function occupied(content: ContentStore, layers: Layers): Promise<number> {
  const [blobs, unpacked] = await Promise.all([content.diskUsage(), layers.diskUsage()]);
  return [...unpacked.values()].reduce((sum, size) => sum + size, blobs);
}
