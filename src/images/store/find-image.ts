import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import { formatPlatform, matchesPlatform, type Platform } from "#oci/platform.ts";
import { canonicalRepository, parseReference, withDefaultTag } from "#oci/reference.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { MissingImageError } from "../missing-image-error.ts";
import type { ImageRecord, ImageRecords } from "./image-records.ts";

/**
 * Returns the image with a reference, full ID or unique ID prefix. Throws with Docker's message: invalid-argument for a
 * text that cannot be any of these, otherwise not-found.
 */
export function findImage(records: ImageRecords, name: string): ImageRecord {
  const found = findKnown(records, name);
  if (found) return found;
  if (!/^(sha256:)?[0-9a-f]{64}$/.test(name)) parseReference(name);
  throw new MissingImageError(shownName(name));
}

/** Returns the image like `findImage`, but undefined for an unknown name. */
export function findKnown(records: ImageRecords, name: string): ImageRecord | undefined {
  return byId(records, name) ?? byReference(records, name) ?? byPrefix(records, name);
}

/** Returns the target of one of the image's names. For an ID or a digest, returns the image's own target. */
export function targetOf(records: ImageRecords, name: string, image: ImageRecord): Descriptor {
  try {
    const reference = withDefaultTag(parseReference(name));
    const named = records.name(`${canonicalRepository(reference)}:${reference.tag}`);
    return named?.id === image.id && reference.digest === undefined ? named.target : image.target;
  } catch {
    return image.target;
  }
}

/** Throws not-found if the image does not run on the requested platform. */
export function checkPlatform({ config }: ImageRecord, name: string, wanted: Platform | undefined): void {
  const offered = { os: config.os, architecture: config.architecture, variant: config.variant };
  if (!wanted || matchesPlatform(offered, wanted)) return;
  const found = `image with reference ${name} was found but its platform (${formatPlatform(offered)})`;
  const message = `${found} does not match the specified platform (${formatPlatform(wanted)})`;
  throw new TboxError("not-found", message);
}

/** Returns whether an image was built on another one, according to its parents or its layers. */
export function isDescendant(records: ImageRecords, image: Digest, ancestor: Digest): boolean {
  const base = records.get(ancestor)?.diffIds ?? [];
  const { diffIds = [], parent } = records.get(image) ?? {};
  const builtOn = diffIds.length > base.length && base.every((diffId, index) => diffIds[index] === diffId);
  return builtOn || parent === ancestor || (parent !== undefined && isDescendant(records, parent, ancestor));
}

function byId(records: ImageRecords, name: string): ImageRecord | undefined {
  const id = /^(?:sha256:)?([0-9a-f]{64})$/.exec(name)?.[1];
  return id === undefined ? undefined : records.get(`sha256:${id}` as Digest);
}

function byReference(records: ImageRecords, name: string): ImageRecord | undefined {
  let reference: ReturnType<typeof parseReference>;
  try {
    reference = withDefaultTag(parseReference(name));
  } catch {
    return undefined;
  }
  const repository = canonicalRepository(reference);
  if (reference.digest !== undefined) {
    const wanted = `${repository}@${reference.digest}`;
    const id = records.digests().find((entry) => entry.name === wanted)?.id;
    return id && records.get(id);
  }
  const id = records.name(`${repository}:${reference.tag}`)?.id;
  return id && records.get(id);
}

function byPrefix(records: ImageRecords, name: string): ImageRecord | undefined {
  const prefix = /^(?:sha256:)?([0-9a-f]+)$/.exec(name)?.[1];
  if (prefix === undefined) return undefined;
  const [only, ...others] = records.all().filter(({ id }) => id.startsWith(`sha256:${prefix}`));
  if (others.length > 0) throw invalidArgument(`ambiguous image ID prefix: ${prefix}`);
  return only;
}

function shownName(name: string): string {
  try {
    const reference = withDefaultTag(parseReference(name));
    return reference.tag !== undefined && !/:[^/]*$/.test(name) && !name.includes("@")
      ? `${name}:${reference.tag}`
      : name;
  } catch {
    return name;
  }
}
