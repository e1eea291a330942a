import { type Digest, shortDigest } from "#oci/digest.ts";
import { canonicalRepository, familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { shortenName } from "../store/describe-image.ts";
import { findImage } from "../store/find-image.ts";
import type { ImageRecord, ImageRecords, NameRecord } from "../store/image-records.ts";
import { partsOfNamedIndexes } from "../store/index-parts.ts";
import type { RemovedImage, RemoveImageOptions } from "./image-maintenance.ts";

/**
 * Removes a name. Removes the image, too, if it was the last name or if `name` is the image's ID. The images for other
 * platforms that the last name of an index referred to are removed with it.
 */
export async function removeImage(
  services: ImageServices,
  name: string,
  options: RemoveImageOptions,
): Promise<RemovedImage[]> {
  const parts = await partsOfNamedIndexes(services);
  const removed = removeNamed(services, name, options);
  const left = parts.size === 0 ? parts : await partsOfNamedIndexes(services);
  for (const id of parts) {
    const image = services.records.get(id);
    const isNamed = services.records.names().some((one) => one.id === id);
    if (!image || left.has(id) || isNamed || services.uses.isUsed("image", id)) continue;
    removed.push(...removeRecord(services, image, []));
  }
  await services.writeIndex();
  return removed;
}

function removeNamed(services: ImageServices, name: string, { force }: RemoveImageOptions): RemovedImage[] {
  const { records } = services;
  const unreadable = findSetAside(records, name);
  if (unreadable !== undefined) {
    const untagged = (records.setAside.get(unreadable) ?? []).map((one) => ({ untagged: shortenName(one) }));
    records.remove(unreadable);
    return [...untagged, { deleted: unreadable }];
  }
  const image = findImage(records, name);
  const names = records.names().filter(({ id }) => id === image.id);
  const named = nameOf(name, image);
  const removed: RemovedImage[] = [];
  if (named?.isDigest) {
    records.removeDigest(named.key);
    removed.push({ untagged: named.shown });
    if (names.length > 0) return removed;
  } else if (named) {
    if (names.length === 1) refuseIfUsed(services, image, force, named.shown);
    records.untag(named.key);
    removed.push({ untagged: named.shown }, ...untagDigests(records, image, named.key));
    if (names.length > 1) return removed;
  } else {
    refuseIfRunning(services, image);
    if (names.length > 1 && !force) {
      const reason = "image is referenced in multiple repositories";
      throw conflict(`unable to delete ${shortDigest(image.id)} (must be forced) - ${reason}`);
    }
    refuseIfUsed(services, image, force, undefined);
    removed.push(...names.map((one) => ({ untagged: familiarName(parseReference(one.name)) })));
  }
  return [...removed, ...removeRecord(services, image, names)];
}

/** Returns the ID of the image with a name or ID whose record cannot be read. */
export function findSetAside({ setAside, name: find }: ImageRecords, text: string): Digest | undefined {
  if (setAside.size === 0) return undefined;
  const id = [...setAside.keys()].find((one) => one === text || one === `sha256:${text}`);
  if (id !== undefined) return id;
  const reference = withDefaultTag(parseReference(text));
  const name = `${canonicalRepository(reference)}:${reference.tag}`;
  if (find(name)) return undefined;
  return [...setAside].find(([, names]) => names.includes(name))?.[0];
}

/** Removes an image. If a container needs the layers, removes only the image's names. */
function removeRecord({ records, uses }: ImageServices, image: ImageRecord, names: NameRecord[]) {
  if (uses.isUsed("image", image.id)) {
    for (const { name } of names) records.untag(name);
    return names.flatMap(({ name }) => untagDigests(records, image, name));
  }
  const removed: RemovedImage[] = records
    .digests()
    .filter(({ id }) => id === image.id)
    .map(({ name }) => ({ untagged: shortenName(name) }));
  records.remove(image.id);
  const others = new Set(records.all().flatMap(({ diffIds }) => diffIds));
  const unused = [...new Set(image.diffIds)].filter((diffId) => !others.has(diffId));
  return [...removed, { deleted: image.id }, ...unused.reverse().map((diffId) => ({ deleted: diffId }))];
}

/** Removes an image's digests in the repository of a removed name, unless the image has another tag there. */
function untagDigests(records: ImageRecords, image: ImageRecord, name: string): RemovedImage[] {
  const repository = name.slice(0, name.lastIndexOf(":"));
  const hasTag = records.names().some((one) => one.id === image.id && one.name.startsWith(`${repository}:`));
  if (hasTag) return [];
  const digests = records
    .digests()
    .filter((one) => one.id === image.id && one.name.startsWith(`${repository}@`));
  for (const digest of digests) records.removeDigest(digest.name);
  return digests.map((digest) => ({ untagged: shortenName(digest.name) }));
}

interface GivenName {
  /** Canonical form. */
  key: string;
  /** Familiar form. */
  shown: string;
  isDigest: boolean;
}

/** Returns the name in a text; undefined if the text is an ID of the image. */
function nameOf(text: string, image: ImageRecord): GivenName | undefined {
  const isId = /^(?:sha256:)?[0-9a-f]+$/.test(text) && image.id.includes(text.replace(/^sha256:/, ""));
  if (isId) return undefined;
  const reference = withDefaultTag(parseReference(text));
  const repository = canonicalRepository(reference);
  const shown = familiarName(reference);
  if (reference.digest === undefined) {
    return { key: `${repository}:${reference.tag}`, shown, isDigest: false };
  }
  return { key: `${repository}@${reference.digest}`, shown, isDigest: true };
}

function refuseIfRunning({ uses }: ImageServices, image: ImageRecord): void {
  const running = uses.users("image", image.id).find((user) => user.active);
  if (!running) return;
  const reason = `image is being used by running container ${running.id.slice(0, 12)}`;
  throw conflict(`unable to delete ${shortDigest(image.id)} (cannot be forced) - ${reason}`);
}

function refuseIfUsed(
  { uses }: ImageServices,
  image: ImageRecord,
  force: boolean,
  name: string | undefined,
): void {
  const [user] = uses.users("image", image.id);
  if (!user || force) return;
  const id = shortDigest(image.id);
  const container = user.id.slice(0, 12);
  throw conflict(
    name === undefined
      ? `unable to delete ${id} (must be forced) - image is being used by stopped container ${container}`
      : `unable to remove repository reference "${name}" (must force) - container ${container} is using its referenced image ${id}`,
  );
}

function conflict(text: string): TboxError {
  return new TboxError("conflict", `conflict: ${text}`);
}
