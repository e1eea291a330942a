import type { ImageUsage } from "./images.ts";
import { detailsOf } from "./list.ts";
import type { Workshop } from "./workshop.ts";

/** What each image takes, and all layers together, in bytes of files. */
export function usageOf(
  workshop: Workshop,
  embedded: string | undefined,
): { images: ImageUsage[]; layersSize: number } {
  const { records, layers, usedBy } = workshop;
  const users = new Map<string, number>();
  for (const { diffIds } of records.all()) {
    for (const diffId of new Set(diffIds)) users.set(diffId, (users.get(diffId) ?? 0) + 1);
  }
  const images = records.all().map((record) => ({
    image: detailsOf(workshop, record, record.id === embedded),
    sharedSize: [...new Set(record.diffIds)]
      .filter((diffId) => (users.get(diffId) ?? 0) > 1)
      .reduce((sum, diffId) => sum + layers.size(diffId), 0),
    containers: usedBy(record.id).length,
  }));
  return { images, layersSize: layers.list().reduce((sum, diffId) => sum + layers.size(diffId), 0) };
}
