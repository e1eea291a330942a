import { shortDigest } from "#oci/digest.ts";
import { canonicalRepository, familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import type { RemovedImage, RemoveImageOptions } from "../images.ts";
import type { Workshop } from "../services.ts";
import type { ImageRecord } from "../store/records.ts";
import { findImage } from "../store/resolve.ts";

/** Takes a name away; with its last name, or by its ID, the image goes too. */
export async function removeImage(
  workshop: Workshop,
  name: string,
  { force }: RemoveImageOptions,
): Promise<RemovedImage[]> {
  const { records } = workshop;
  const image = findImage(records, name);
  const names = records.names().filter(({ id }) => id === image.id);
  const named = nameFor(name, image);
  const removed: RemovedImage[] = [];
  if (named?.digest) {
    records.forgetDigest(named.key);
    removed.push({ untagged: named.shown });
    if (names.length > 0) return finish(workshop, removed);
  } else if (named) {
    if (names.length === 1) refuseIfUsed(workshop, image, force, named.shown);
    records.untag(named.key);
    removed.push({ untagged: named.shown });
    if (names.length > 1) return finish(workshop, removed);
  } else {
    refuseIfRunning(workshop, image);
    if (names.length > 1 && !force) {
      const reason = "image is referenced in multiple repositories";
      throw conflict(`unable to delete ${shortDigest(image.id)} (must be forced) - ${reason}`);
    }
    refuseIfUsed(workshop, image, force, undefined);
    removed.push(...names.map((one) => ({ untagged: familiarName(parseReference(one.name)) })));
  }
  // A container goes on with the layers it has; only its image's names may go.
  if (workshop.usedBy(image.id).length > 0) {
    for (const one of names) records.untag(one.name);
    return finish(workshop, removed);
  }
  for (const { name: digest, id } of records.digests()) {
    if (id === image.id) removed.push({ untagged: digest.replace(/^docker\.io\/(?:library\/)?/, "") });
  }
  records.remove(image.id);
  removed.push({ deleted: image.id });
  const unused = image.diffIds.filter(
    (diffId) => !records.all().some((other) => other.diffIds.includes(diffId)),
  );
  removed.push(...[...new Set(unused)].reverse().map((diffId) => ({ deleted: diffId })));
  return finish(workshop, removed);
}

async function finish(workshop: Workshop, removed: RemovedImage[]): Promise<RemovedImage[]> {
  await workshop.changed();
  return removed;
}

/** The entry that the given text is; none when it is an ID. */
function nameFor(
  text: string,
  image: ImageRecord,
): { key: string; shown: string; digest: boolean } | undefined {
  const isId = /^(?:sha256:)?[0-9a-f]+$/.test(text) && image.id.includes(text.replace(/^sha256:/, ""));
  if (isId) return undefined;
  const reference = withDefaultTag(parseReference(text));
  const repository = canonicalRepository(reference);
  const shown = familiarName(reference);
  if (reference.digest !== undefined)
    return { key: `${repository}@${reference.digest}`, shown, digest: true };
  return { key: `${repository}:${reference.tag}`, shown, digest: false };
}

function refuseIfRunning(workshop: Workshop, image: ImageRecord): void {
  const running = workshop.usedBy(image.id).find((user) => user.running);
  if (!running) return;
  const reason = `image is being used by running container ${running.id.slice(0, 12)}`;
  throw conflict(`unable to delete ${shortDigest(image.id)} (cannot be forced) - ${reason}`);
}

function refuseIfUsed(
  workshop: Workshop,
  image: ImageRecord,
  force: boolean,
  named: string | undefined,
): void {
  const id = shortDigest(image.id);
  const unable =
    named === undefined ? `unable to delete ${id}` : `unable to remove repository reference "${named}"`;
  const [user] = workshop.usedBy(image.id);
  if (!user || force) return;
  const container = user.id.slice(0, 12);
  throw conflict(
    named === undefined
      ? `${unable} (must be forced) - image is being used by stopped container ${container}`
      : `${unable} (must force) - container ${container} is using its referenced image ${id}`,
  );
}

function conflict(text: string): TboxError {
  return new TboxError("conflict", `conflict: ${text}`);
}
