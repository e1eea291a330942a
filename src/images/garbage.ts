import type { ContentStore } from "#content/store.ts";
import type { Layers } from "#layers/layers.ts";
import { type Digest, parseDigest } from "#oci/digest.ts";
import { parseReferences, type References } from "#oci/references.ts";
import type { ImageRecords } from "./records.ts";
import { documentLimit } from "./store-image.ts";

/** Removes blobs and layers that neither an image, nor a name, nor, as `inUse` tells, anything else needs. */
export async function collectGarbage(
  content: ContentStore,
  layers: Layers,
  records: ImageRecords,
  inUse: (diffId: string) => boolean,
): Promise<void> {
  const blobs = new Set<Digest>();
  const diffIds = new Set<string>();
  const documents: Digest[] = records.names().map(({ target }) => target.digest);
  for (const { name } of records.digests()) documents.push(parseDigest(name.slice(name.indexOf("@") + 1)));
  for (const image of records.all()) {
    documents.push(image.target.digest, image.manifest.digest);
    for (const digest of [image.id, ...image.layers]) blobs.add(digest);
    for (const diffId of image.diffIds) diffIds.add(diffId);
  }
  for (const document of documents) await reach(content, document, blobs);
  for (const digest of await content.list()) {
    if (!blobs.has(digest) && !inUse(digest)) await content.remove(digest);
  }
  await layers.remove(layers.list().filter((diffId) => !diffIds.has(diffId) && !inUse(diffId)));
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
