import type { ContentStore } from "#content/store.ts";
import type { Layers } from "#layers/layers.ts";
import { type Digest, parseDigest } from "#oci/digest.ts";
import { parseReferences, type References } from "#oci/references.ts";
import type { ImageUses } from "../services.ts";
import type { ImageRecords } from "../store/records.ts";
import { documentLimit } from "../store/store-image.ts";

/**
 * Removes blobs that no image and no name leads to and no unfinished pull waits for, layers that no image has, and
 * what unfinished writes have left; layers with a registered use stay. No lease may be held
 * meanwhile.
 */
export async function collectGarbage(
  content: ContentStore,
  layers: Layers,
  records: ImageRecords,
  uses: ImageUses,
): Promise<void> {
  const diffIds = new Set(records.all().flatMap((image) => image.diffIds));
  const expected = new Set(records.expected());
  await content.sweep(expected);
  await removeBlobs(content, records, expected, uses);
  await layers.sweep();
  await layers.remove(
    layers.list().filter((diffId) => !diffIds.has(diffId) && !uses.isUsed("layer", diffId)),
  );
}

async function removeBlobs(
  content: ContentStore,
  records: ImageRecords,
  expected: ReadonlySet<Digest>,
  uses: ImageUses,
): Promise<void> {
  const documents: Digest[] = records.names().map(({ target }) => target.digest);
  for (const { name } of records.digests()) documents.push(parseDigest(name.slice(name.indexOf("@") + 1)));
  const blobs = new Set<Digest>(expected);
  for (const image of records.all()) {
    documents.push(image.target.digest, image.manifest.digest);
    for (const digest of [image.id, ...image.layers]) blobs.add(digest);
  }
  const unknown = (await content.list()).filter(
    (digest) => !blobs.has(digest) && !uses.isUsed("layer", digest),
  );
  const direct = new Set(documents);
  // Usually all is known without reading a document.
  if (unknown.every((digest) => direct.has(digest))) return;
  for (const document of direct) await reach(content, document, blobs);
  for (const digest of unknown) if (!blobs.has(digest)) await content.remove(digest);
}

/** Adds a manifest or an index and everything below it; what is not here leads nowhere. */
async function reach(content: ContentStore, document: Digest, blobs: Set<Digest>): Promise<void> {
  if (blobs.has(document)) return;
  blobs.add(document);
  if (!(await content.has(document))) return;
  const { blobs: below, manifests } = await read(content, document);
  for (const { digest } of below) blobs.add(digest);
  for (const { digest } of manifests) await reach(content, digest, blobs);
}

/** A damaged document leads nowhere: what its image's record names is kept all the same. */
async function read(content: ContentStore, document: Digest): Promise<References> {
  try {
    return parseReferences(await content.read(document, documentLimit));
  } catch {
    return { blobs: [], manifests: [] };
  }
}
