import type { DiffId, Digest } from "#oci/digest.ts";
import type { ImagesUsage, ImageUsage } from "../images.ts";
import type { ImageServices } from "../services.ts";
import { describer } from "../store/list.ts";
import type { ImageRecord } from "../store/records.ts";

/** What images take of the disk: each by itself, and all together. */
export async function usageOf(services: ImageServices, embedded: string | undefined): Promise<ImagesUsage> {
  const { records, uses } = services;
  const { parts, unfinished } = await measure(services);
  const all = records
    .all()
    .map((record) => ({ record, own: partsOf(record), users: uses.users("image", record.id) }));
  const sharers = countSharers(all.map(({ own }) => own));
  const size = (own: Iterable<string>) => [...own].reduce((sum, part) => sum + (parts.get(part) ?? 0), 0);

  const describe = describer(services, embedded);
  const images = all.map(
    ({ record, own, users }): ImageUsage => ({
      image: describe(record),
      size: size(own),
      sharedSize: size([...own].filter((part) => (sharers.get(part) ?? 0) > 1)),
      containers: users.length,
    }),
  );
  const kept = new Map<DiffId, number>();
  for (const diffId of services.layers.list()) {
    if (uses.isUsed("layer", diffId) && !sharers.has(layerPart(diffId)) && !sharers.has(blobPart(diffId)))
      kept.set(diffId, size([layerPart(diffId), blobPart(diffId)]));
  }
  const others = [...kept.values()].reduce((sum, one) => sum + one, 0);
  const whole = size(parts.keys()) + unfinished - others;
  const needed = new Set(all.flatMap(({ own, users }) => (users.length > 0 ? [...own] : [])));
  return { images, size: whole, reclaimable: whole - size(needed), kept };
}

/** Bytes of the disk that blobs and unpacked layers take. */
export async function occupied(services: Pick<ImageServices, "content" | "layers">): Promise<number> {
  const { parts, unfinished } = await measure(services);
  return [...parts.values()].reduce((sum, size) => sum + size, unfinished);
}

/** What each image shares with others, in bytes of its files, and how many containers it has. */
export function sharingOf({
  records,
  layers,
  uses,
}: ImageServices): Map<Digest, { sharedSize: number; containers: number }> {
  const users = countSharers(records.all().map(({ diffIds }) => new Set(diffIds)));
  return new Map(
    records.all().map(({ id, diffIds }) => {
      const shared = [...new Set(diffIds)].filter((diffId) => (users.get(diffId) ?? 0) > 1);
      const sharedSize = shared.reduce((sum, diffId) => sum + layers.size(diffId), 0);
      return [id, { sharedSize, containers: uses.users("image", id).length }];
    }),
  );
}

async function measure({ content, layers }: Pick<ImageServices, "content" | "layers">) {
  const [{ blobs, unfinished }, unpacked] = await Promise.all([content.diskUsage(), layers.diskUsage()]);
  const parts = new Map<string, number>();
  for (const [digest, size] of blobs) parts.set(blobPart(digest), size);
  for (const [diffId, size] of unpacked) parts.set(layerPart(diffId), size);
  return { parts, unfinished };
}

/** A plain tar has one digest as a blob and as a layer. */
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

function countSharers(all: ReadonlySet<string>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const own of all) for (const part of own) counts.set(part, (counts.get(part) ?? 0) + 1);
  return counts;
}
