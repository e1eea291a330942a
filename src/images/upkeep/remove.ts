import { shortDigest } from "#oci/digest.ts";
import { canonicalRepository, familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import type { RemovedImage, RemoveImageOptions } from "../images.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "../store/records.ts";
import { findImage } from "../store/resolve.ts";

/** Takes a name away; with its last name, or by its ID, the image goes too. */
export async function removeImage(
  services: ImageServices,
  name: string,
  { force }: RemoveImageOptions,
): Promise<RemovedImage[]> {
  const { records } = services;
  const image = findImage(records, name);
  const names = records.names().filter(({ id }) => id === image.id);
  const named = nameFor(name, image);
  const removed: RemovedImage[] = [];
  if (named?.digest) {
    records.forgetDigest(named.key);
    removed.push({ untagged: named.shown });
    if (names.length > 0) return finish(services, removed);
  } else if (named) {
    if (names.length === 1) refuseIfUsed(services, image, force, named.shown);
    records.untag(named.key);
    removed.push({ untagged: named.shown });
    if (names.length > 1) return finish(services, removed);
  } else {
    refuseIfRunning(services, image);
    if (names.length > 1 && !force) {
      const reason = "image is referenced in multiple repositories";
      throw conflict(`unable to delete ${shortDigest(image.id)} (must be forced) - ${reason}`);
    }
    refuseIfUsed(services, image, force, undefined);
    removed.push(...names.map((one) => ({ untagged: familiarName(parseReference(one.name)) })));
  }
  // A container goes on with the layers it has; only its image's names may go.
  if (services.uses.isUsed("image", image.id)) {
    for (const one of names) records.untag(one.name);
    return finish(services, removed);
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
  return finish(services, removed);
}

async function finish(services: ImageServices, removed: RemovedImage[]): Promise<RemovedImage[]> {
  await services.changed();
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

function refuseIfRunning(services: ImageServices, image: ImageRecord): void {
  const running = services.uses.users("image", image.id).find((user) => user.active);
  if (!running) return;
  const reason = `image is being used by running container ${running.id.slice(0, 12)}`;
  throw conflict(`unable to delete ${shortDigest(image.id)} (cannot be forced) - ${reason}`);
}

function refuseIfUsed(
  services: ImageServices,
  image: ImageRecord,
  force: boolean,
  named: string | undefined,
): void {
  const id = shortDigest(image.id);
  const unable =
    named === undefined ? `unable to delete ${id}` : `unable to remove repository reference "${named}"`;
  const [user] = services.uses.users("image", image.id);
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
