import { findManifest } from "#oci/choose-manifest.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import { documentLimit, type ImageIndex, parseManifest } from "#oci/manifest.ts";
import { isIndexType } from "#oci/media-types.ts";
import { matchesPlatform, type Platform } from "#oci/platform.ts";
import { parseReferences } from "#oci/references.ts";
import { ObjectCache, timeless } from "#support/object-cache.ts";
import type { ImageServices } from "../services.ts";
import { checkPlatform, findImage, targetOf } from "./find-image.ts";
import type { ImageRecord, ImageRecords } from "./image-records.ts";

type Services = Pick<ImageServices, "content" | "records">;

/**
 * Returns the image with a name for a platform. A name that refers to an index has an image for each of its platforms that
 * the store has. Throws not-found if there is none.
 */
export async function findForPlatform(
  services: Services,
  name: string,
  platform: Platform | undefined,
): Promise<ImageRecord> {
  const { records } = services;
  const record = findImage(records, name);
  const { os, architecture, variant } = record.config;
  if (platform === undefined || matchesPlatform({ os, architecture, variant }, platform)) return record;
  const index = await readIndex(services, targetOf(records, name, record));
  const wanted = index && findManifest(index, platform);
  const found = wanted && (await imageOf(services, wanted.digest));
  if (found) return found;
  checkPlatform(record, name, platform);
  return record;
}

const none: ReadonlySet<Digest> = new Set();

const withoutName = new ObjectCache<ImageRecords, readonly ImageRecord[]>();

function imagesWithoutName(records: ImageRecords): readonly ImageRecord[] {
  const find = () => {
    const named = new Set(records.names().map(({ id }) => id));
    return timeless(records.all().filter(({ id }) => !named.has(id)));
  };
  return withoutName.get(records, [records.revision()], Date.now(), find).value;
}

/** Returns the images without a name that belong to an index with a name: those for other platforms. */
export async function partsOfNamedIndexes(services: Services): Promise<ReadonlySet<Digest>> {
  const { records } = services;
  const nameless = imagesWithoutName(records);
  if (nameless.length === 0) return none;
  const targets = new Map(records.names().map(({ target }) => [target.digest, target]));
  const indexes = await Promise.all([...targets.values()].map((target) => readIndex(services, target)));
  const entries = new Set(indexes.flatMap((index) => index?.manifests ?? []).map(({ digest }) => digest));
  const parts = await Promise.all([...entries].map((digest) => imageOf(services, digest)));
  const ids = new Set(parts.map((part) => part?.id));
  return new Set(nameless.flatMap(({ id }) => (ids.has(id) ? [id] : [])));
}

/** Returns the image of a manifest, which need not be the manifest that the store has for the image. */
async function imageOf({ content, records }: Services, manifest: Digest): Promise<ImageRecord | undefined> {
  if (!(await content.has(manifest))) return undefined;
  const { blobs } = parseReferences(await content.read(manifest, documentLimit));
  return blobs.map(({ digest }) => records.get(digest)).find((record) => record !== undefined);
}

/** Returns an index of the store; undefined for a manifest, and for an index that is missing or damaged. */
async function readIndex({ content }: Services, target: Descriptor): Promise<ImageIndex | undefined> {
  if (!isIndexType(target.mediaType) || !(await content.has(target.digest))) return undefined;
  try {
    const document = parseManifest(await content.read(target.digest, documentLimit), target.mediaType);
    return document.kind === "index" ? document.index : undefined;
  } catch {
    return undefined;
  }
}
