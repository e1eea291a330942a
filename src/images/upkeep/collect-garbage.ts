import type { BlobMaintenance, BlobReader } from "#content/content-store.ts";
import { type Digest, parseDigest } from "#oci/digest.ts";
import { documentLimit } from "#oci/manifest.ts";
import { parseReferences, type References } from "#oci/references.ts";
import type { ImageServices, ImageUses } from "../services.ts";
import type { ImageRecords } from "../store/image-records.ts";
import { isMadeAgain } from "../store/stored-blobs.ts";

type Content = BlobReader & BlobMaintenance;

/**
 * Removes unreferenced blobs and layers and the leftovers of unfinished writes. Images, names, unfinished pulls and
 * registered uses count as references; while an image's record cannot be read, nothing is removed. No lease may be held during the call.
 */
export async function collectGarbage({
  content,
  layers,
  records,
  uses,
}: Pick<ImageServices, "content" | "layers" | "records" | "uses">): Promise<void> {
  if (records.setAside.size > 0) return;
  const diffIds = new Set(records.all().flatMap((image) => image.diffIds));
  const kept = new Set(records.keptBlobs());
  await content.sweep(kept);
  const needless = needlessBlobs({ layers, records });
  await removeBlobs(content, { records, uses, kept, needless });
  await layers.sweep();
  const unused = layers.list().filter((diffId) => !diffIds.has(diffId) && !uses.isUsed("layer", diffId));
  await layers.remove(unused);
  records.forgetCompressed(unused);
}

/** Returns the digests of archives, plain and compressed, that layers make again. */
function needlessBlobs({ layers, records }: Pick<ImageServices, "layers" | "records">): Set<Digest> {
  const owned = new Set(records.all().flatMap((image) => image.layers));
  const compressed = records
    .allCompressed()
    .flatMap(([diffId, blob]) => (isMadeAgain({ layers }, diffId) && !owned.has(blob) ? [blob] : []));
  return new Set([...layers.list().filter((diffId) => isMadeAgain({ layers }, diffId)), ...compressed]);
}

interface Roots {
  records: ImageRecords;
  uses: ImageUses;
  /** Blobs of unfinished pulls. */
  kept: ReadonlySet<Digest>;
  /** Blobs that are deleted even if an image refers to them: its layers can make them again. */
  needless: ReadonlySet<Digest>;
}

async function removeBlobs(content: Content, roots: Roots): Promise<void> {
  const { records, uses, kept, needless } = roots;
  const documents = new Set<Digest>(records.names().map(({ target }) => target.digest));
  for (const { name } of records.digests()) documents.add(parseDigest(name.slice(name.indexOf("@") + 1)));
  const reachable = new Set<Digest>(kept);
  for (const image of records.all()) {
    documents.add(image.target.digest).add(image.manifest.digest);
    for (const digest of [image.id, ...image.layers]) reachable.add(digest);
  }
  const candidates = (await content.list()).filter(
    (digest) => needless.has(digest) || (!reachable.has(digest) && !uses.isUsed("layer", digest)),
  );
  // In the usual case there is no garbage, and no document has to be read.
  if (candidates.every((digest) => documents.has(digest))) return;
  for (const document of documents) await markReachable(content, document, reachable);
  for (const digest of candidates) {
    if (reachable.has(digest) && !needless.has(digest)) continue;
    // The record of a needless blob stays: a pull that stores it again need not verify it.
    if (!needless.has(digest)) records.forgetVerified(digest);
    await content.remove(digest);
  }
}

/** Marks a manifest or an index and everything that it refers to. A missing document marks only itself. */
async function markReachable(content: BlobReader, document: Digest, reachable: Set<Digest>): Promise<void> {
  if (reachable.has(document)) return;
  reachable.add(document);
  if (!(await content.has(document))) return;
  const { blobs, manifests } = await readReferences(content, document);
  for (const { digest } of blobs) reachable.add(digest);
  for (const { digest } of manifests) await markReachable(content, digest, reachable);
}

/** Returns the references of a document; none if it is damaged. The image record still lists the image's blobs. */
async function readReferences(content: BlobReader, document: Digest): Promise<References> {
  try {
    return parseReferences(await content.read(document, documentLimit));
  } catch {
    return { blobs: [], manifests: [] };
  }
}
