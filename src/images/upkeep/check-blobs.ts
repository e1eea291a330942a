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
import { isMadeAgain } from "../store/stored-blobs.ts";
import type { CheckOptions, Damage } from "./image-maintenance.ts";
import { displayName, tryRepair } from "./repair.ts";

/** Users and kind of a blob. */
interface Need {
  images: ImageRecord[];
  /** Whether the blob is a manifest or an index. Registries serve these under `manifests/`, not `blobs/`. */
  isDocument: boolean;
}

/** Verifies every stored or needed blob and reports the damaged ones; returns the number of blobs. */
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
    // The check of the layers covers an archive that is made again.
    if (found === undefined && isMadeAgain(services, digest)) continue;
    const problem = found === undefined ? "missing" : `its bytes have the digest ${found}`;
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

/** Returns the stored blobs that a document refers to. Blobs for other platforms may be absent from the store. */
async function presentBelow(content: BlobReader, document: Digest) {
  try {
    const { blobs, manifests } = parseReferences(await content.read(document, documentLimit));
    return { blobs: await presentOf(content, blobs), manifests: await presentOf(content, manifests) };
  } catch {
    // The caller also checks the document itself and reports its damage.
    return { blobs: [], manifests: [] };
  }
}

async function presentOf(content: BlobReader, descriptors: Descriptor[]): Promise<Digest[]> {
  const present = await Promise.all(descriptors.map(({ digest }) => content.has(digest)));
  return descriptors.flatMap(({ digest }, index) => (present[index] ? [digest] : []));
}

/** Removes a damaged blob. If images need it, fetches it again from the registries of their names. */
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
  throw failures[0] ?? new Error("no image that uses the blob has a name");
}

/** Returns the size that a manifest or image record states for a blob. */
async function sizeOf(content: BlobReader, digest: Digest, images: ImageRecord[]): Promise<number> {
  for (const image of images) {
    if (image.id === digest) return image.configSize;
    const references = await content.read(image.manifest.digest, documentLimit).then(parseReferences);
    const found = references.blobs.find((blob) => blob.digest === digest);
    if (found) return found.size;
  }
  throw new Error("no manifest states the size of the blob");
}

function repositoriesOf(records: ImageRecords, images: ImageRecord[]): Reference[] {
  const ids = new Set(images.map(({ id }) => id));
  const names = [...records.digests(), ...records.names()].filter(({ id }) => ids.has(id));
  const references = names.map(({ name }) => parseReference(name));
  return [...new Map(references.map((reference) => [canonicalRepository(reference), reference])).values()];
}
