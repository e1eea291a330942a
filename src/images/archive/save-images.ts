import { diffIdsOf, parseConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import { documentLimit, parseManifest } from "#oci/manifest.ts";
import type { Platform } from "#oci/platform.ts";
import { canonicalRepository, familiarName, parseReference, type Reference } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { findImage, targetOf } from "../store/find-image.ts";
import type { ImageRecord, ImageRecords } from "../store/image-records.ts";
import { type StoredBlobs, storedBlobs } from "../store/stored-blobs.ts";
import { manifestFor, planPush } from "../transfer/plan-push.ts";
import type { SaveOptions } from "./image-archives.ts";
import { withEqualLayers } from "./plain-layers.ts";
import { type SavedBlob, type SavedImage, writeArchive } from "./write-archive.ts";

/**
 * Returns images as one tar that is both an OCI layout and a docker-archive. Blobs are unchanged, unless an image
 * has compressed and plain layers. A name without a tag selects every tag of its repository.
 */
export async function saveImages(
  services: ImageServices,
  names: string[],
  options: SaveOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const { records } = services;
  const content = storedBlobs(services);
  const saved: SavedImage[] = [];
  const blobs = new Map<Digest, SavedBlob>();
  for (const { image, name, target } of names.flatMap((name) => selectImages(records, name))) {
    const shown = name === undefined ? image.id : familiarName(parseReference(name));
    const named = { ...image, target };
    const { created } = image;
    const { top, sizes } = await completePart(content, named, { ...options, shown });
    const parts = await partsOf(content, named, top);
    for (const digest of [parts.config, ...parts.layers]) sizes.set(digest, await content.size(digest));
    for (const [digest, size] of sizes) if (!blobs.has(digest)) blobs.set(digest, { size, created });
    if (saved.some((one) => one.config === parts.config && one.name === name)) continue;
    saved.push({ name, top, ...parts });
  }
  // Docker names an image by its ID in this event, even if it has a tag.
  for (const id of new Set(saved.map(({ config }) => config))) services.notify("save", id, id);
  const parts = { saved, blobs, signal: options.signal, format: "docker" as const };
  return writeArchive(services, parts, (parts) => withEqualLayers(services, parts));
}

interface Selected {
  image: ImageRecord;
  /** Canonical name with a tag; absent for an image selected by ID or digest. */
  name: string | undefined;
  target: Descriptor;
}

function selectImages(records: ImageRecords, name: string): Selected[] {
  const reference = tryParse(name);
  const all = reference ? imagesOfRepository(records, reference) : [];
  if (all.length > 0) return all;
  const image = findImage(records, name);
  const named = records.names().find((one) => one.id === image.id && isTag(one.name, reference));
  return [{ image, name: named?.name, target: targetOf(records, name, image) }];
}

function imagesOfRepository(records: ImageRecords, reference: Reference): Selected[] {
  if (reference.tag !== undefined || reference.digest !== undefined) return [];
  const prefix = `${canonicalRepository(reference)}:`;
  return records
    .names()
    .filter(({ name }) => name.startsWith(prefix))
    .flatMap(({ id, name, target }) => {
      const image = records.get(id);
      return image ? [{ image, name, target }] : [];
    });
}

function tryParse(name: string): Reference | undefined {
  try {
    return parseReference(name);
  } catch {
    return undefined;
  }
}

/** Returns whether a canonical name has the repository and the tag of a reference. */
function isTag(canonical: string, reference: Reference | undefined): boolean {
  if (reference === undefined || reference.digest !== undefined) return false;
  return canonical === `${canonicalRepository(reference)}:${reference.tag ?? "latest"}`;
}

/**
 * Returns the target of a name if all blobs of the target are in the store, else the image's own manifest. The result
 * includes the sizes of its blobs.
 */
async function completePart(
  content: StoredBlobs,
  image: ImageRecord,
  { platform, shown }: { platform?: Platform | undefined; shown: string },
): Promise<{ top: Descriptor; sizes: Map<Digest, number> }> {
  const wanted = platform ? await manifestFor(content, image, platform, shown) : image.target;
  const plan = await planPush(content, wanted);
  const isComplete = plan.missing.length === 0;
  if (!isComplete && platform !== undefined) {
    throw new TboxError("not-found", `${shown}: the requested platform is not in the store`);
  }
  const complete = isComplete ? plan : await planPush(content, image.manifest);
  const parts = [...complete.blobs, ...complete.manifests, complete.top];
  return { top: complete.top, sizes: new Map(parts.map(({ digest, size }) => [digest, size])) };
}

/** Returns the configuration, the layers and their diffIDs for the docker-archive, which has only one platform of each image. */
async function partsOf(content: StoredBlobs, image: ImageRecord, top: Descriptor) {
  const document = parseManifest(await content.read(top.digest, documentLimit), top.mediaType);
  if (document.kind === "index") {
    return { config: image.id, layers: image.layers, diffIds: image.diffIds };
  }
  const { config, layers } = document.manifest;
  const diffIds =
    config.digest === image.id
      ? image.diffIds
      : diffIdsOf(parseConfig(await content.read(config.digest, documentLimit)));
  return { config: config.digest, layers: layers.map(({ digest }) => digest), diffIds };
}
