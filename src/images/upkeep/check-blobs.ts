import type { BlobReader } from "#content/content-store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import { documentLimit } from "#oci/manifest.ts";
import { canonicalRepository, parseReference, type Reference } from "#oci/reference.ts";
import { parseReferences } from "#oci/references.ts";
import { openRepository } from "#registry/transfer/open-repository.ts";
import { singleValue } from "#support/streams.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord, ImageRecords } from "../store/image-records.ts";
import type { CheckOptions, Damage } from "./image-maintenance.ts";
import { displayName, tryRepair } from "./repair.ts";

/** Images that need a blob. */
interface Need {
  images: ImageRecord[];
  /** Whether the blob is a manifest or an index: registries serve those under another path. */
  isDocument: boolean;
}

/** Computes the digests of all blobs; returns their number. */
export async function checkBlobs(
  services: ImageServices,
  options: CheckOptions,
  report: (damage: Damage) => void,
): Promise<number> {
  const { content } = services;
  const needed = await neededBlobs(services);
  const digests = new Set([...needed.keys(), ...(await content.list())]);
  for (const digest of digests) {
    options.signal.throwIfAborted();
    const found = await content.computeDigest(digest);
    if (found === digest) continue;
    const problem = found === undefined ? "it is missing" : `its bytes have the digest ${found}`;
    const need = needed.get(digest) ?? { images: [], isDocument: false };
    const images = need.images.map((one) => displayName(services, one));
    const damage = { kind: "blob" as const, digest, images, problem };
    report(await tryRepair(damage, options, () => fetchAgain(services, digest, need, options)));
  }
  return digests.size;
}

async function neededBlobs({ content, records }: ImageServices): Promise<Map<Digest, Need>> {
  const needed = new Map<Digest, Need>();
  const add = (digest: Digest, image: ImageRecord, isDocument: boolean) => {
    const known = needed.get(digest) ?? { images: [], isDocument };
    if (!known.images.includes(image)) known.images.push(image);
    needed.set(digest, known);
  };
  for (const image of records.all()) {
    const targets = records.names().filter(({ id }) => id === image.id);
    for (const { digest } of [image.target, image.manifest, ...targets.map(({ target }) => target)]) {
      add(digest, image, true);
      const below = await presentBelow(content, digest);
      for (const one of below.manifests) add(one, image, true);
      for (const one of below.blobs) add(one, image, false);
    }
    for (const digest of [image.id, ...image.layers]) add(digest, image, false);
  }
  return needed;
}

/** Returns the references of a document that are in the store; those for other platforms need not be. */
async function presentBelow(content: BlobReader, document: Digest) {
  try {
    const { blobs, manifests } = parseReferences(await content.read(document, documentLimit));
    return { blobs: await presentOf(content, blobs), manifests: await presentOf(content, manifests) };
  } catch {
    // A missing or damaged document is reported by itself.
    return { blobs: [], manifests: [] };
  }
}

async function presentOf(content: BlobReader, descriptors: Descriptor[]): Promise<Digest[]> {
  const present = await Promise.all(descriptors.map(({ digest }) => content.has(digest)));
  return descriptors.flatMap(({ digest }, index) => (present[index] ? [digest] : []));
}

/** Removes an unneeded blob; fetches another one from the registries of its images' names. */
async function fetchAgain(
  { content, records, registry }: ImageServices,
  digest: Digest,
  { images, isDocument }: Need,
  { credentials, signal }: CheckOptions,
): Promise<void> {
  if (images.length === 0) return content.remove(digest);
  const failures: unknown[] = [];
  for (const reference of repositoriesOf(records, images)) {
    const repository = openRepository(reference, credentials(reference.domain), registry);
    try {
      const manifest = isDocument ? await repository.fetchManifest(digest, signal) : undefined;
      const size = manifest?.bytes.byteLength ?? (await sizeOf(content, digest, images));
      await content.remove(digest);
      await content.ingest(
        (offset) =>
          manifest
            ? Promise.resolve({ offset: 0, bytes: singleValue(manifest.bytes) })
            : repository.fetchBlob({ mediaType: "", digest, size }, offset, signal),
        { digest, size },
        { signal },
      );
      return;
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  throw failures[0] ?? new Error("no image with it has a name in a registry");
}

/** Returns a blob's size according to the documents of an image. */
async function sizeOf(content: BlobReader, digest: Digest, images: ImageRecord[]): Promise<number> {
  for (const image of images) {
    if (image.id === digest) return image.configSize;
    const references = await content.read(image.manifest.digest, documentLimit).then(parseReferences);
    const found = references.blobs.find((blob) => blob.digest === digest);
    if (found) return found.size;
  }
  throw new Error("no document of its images has its size");
}

function repositoriesOf(records: ImageRecords, images: ImageRecord[]): Reference[] {
  const ids = new Set(images.map(({ id }) => id));
  const names = [...records.digests(), ...records.names()].filter(({ id }) => ids.has(id));
  const references = names.map(({ name }) => parseReference(name));
  return [...new Map(references.map((reference) => [canonicalRepository(reference), reference])).values()];
}
