import type { DiffId } from "#oci/digest.ts";
import type { ImageServices } from "../services.ts";
import { describer } from "../store/describe-image.ts";
import type { ImageRecord } from "../store/image-records.ts";
import { countOwners } from "../store/image-sharing.ts";
import type { ImagesUsage, ImageUsage } from "./image-maintenance.ts";

/** Returns the disk usage of each image and of all images together. */
export async function usageOf(services: ImageServices): Promise<ImagesUsage> {
  const { records, uses } = services;
  const { parts, unfinished } = await measureParts(services);
  const all = records.all().map((record) => {
    return { record, own: partsOf(record), containers: uses.users("image", record.id).length };
  });
  const owners = countOwners(all.map(({ own }) => own));
  const sizeOf = (some: Iterable<string>) => [...some].reduce((sum, part) => sum + (parts.get(part) ?? 0), 0);
  const describe = describer(services);
  const images = all.map(
    ({ record, own, containers }): ImageUsage => ({
      image: describe(record),
      size: sizeOf(own),
      sharedSize: sizeOf([...own].filter((part) => (owners.get(part) ?? 0) > 1)),
      containers,
    }),
  );
  const kept = new Map<DiffId, number>();
  for (const diffId of services.layers.list()) {
    const own = [layerPart(diffId), blobPart(diffId)];
    if (uses.isUsed("layer", diffId) && !own.some((part) => owners.has(part))) kept.set(diffId, sizeOf(own));
  }
  const keptSize = [...kept.values()].reduce((sum, size) => sum + size, 0);
  const size = sizeOf(parts.keys()) + unfinished - keptSize;
  const needed = new Set(all.flatMap(({ own, containers }) => (containers > 0 ? [...own] : [])));
  return { images, size, reclaimable: size - sizeOf(needed), kept };
}

/** Returns the bytes on disk of all blobs, unfinished ingests and unpacked layers. */
export async function occupiedBytes(services: Pick<ImageServices, "content" | "layers">): Promise<number> {
  const { parts, unfinished } = await measureParts(services);
  return [...parts.values()].reduce((sum, size) => sum + size, unfinished);
}

async function measureParts({ content, layers }: Pick<ImageServices, "content" | "layers">) {
  const [{ blobs, unfinished }, unpacked] = await Promise.all([content.diskUsage(), layers.diskUsage()]);
  const parts = new Map<string, number>();
  for (const [digest, size] of blobs) parts.set(blobPart(digest), size);
  for (const [diffId, size] of unpacked) parts.set(layerPart(diffId), size);
  return { parts, unfinished };
}

/** Returns a blob's key. The prefix matters: an uncompressed tar and its unpacked layer have the same digest. */
function blobPart(digest: string): string {
  return `blob ${digest}`;
}

function layerPart(diffId: string): string {
  return `layer ${diffId}`;
}

function partsOf({ id, target, manifest, layers, diffIds }: ImageRecord): Set<string> {
  return new Set([
    ...[id, target.digest, manifest.digest, ...layers].map(blobPart),
    ...diffIds.map(layerPart),
  ]);
}
