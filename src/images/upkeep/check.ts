import type { ContentStore } from "#content/store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import { canonicalRepository, familiarName, parseReference, type Reference } from "#oci/reference.ts";
import { parseReferences } from "#oci/references.ts";
import type { RegistryCredentials } from "#registry/access/token.ts";
import { openRepository } from "#registry/transfer/repository.ts";
import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { errorChain } from "#support/errors.ts";
import { singleValue } from "#support/streams.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "../store/records.ts";
import { documentLimit, unpackLayer } from "../store/store-image.ts";

export interface CheckOptions {
  /** Fetches what is damaged once more, and unpacks it again. */
  repair: boolean;
  /** For the registry of a domain. */
  credentials: (domain: string) => RegistryCredentials | undefined;
  signal: AbortSignal;
}

export interface Damage {
  kind: "blob" | "layer";
  digest: Digest;
  /** Names or IDs of the images that need it. */
  images: string[];
  problem: string;
  /** Why it was not repaired; nothing when it was. */
  unrepaired?: string;
}

export interface CheckSummary {
  blobs: number;
  layers: number;
  images: number;
}

export type CheckLine = { damage: Damage } | { summary: CheckSummary };

/** Reads every blob, and compares every layer with what its blob unpacks to. */
export async function* checkStore(services: ImageServices, options: CheckOptions): AsyncGenerator<CheckLine> {
  const queue = createAsyncQueue<CheckLine>();
  yield* queue.during(
    services.withLease(async () => {
      const report = (damage: Damage) => queue.push({ damage });
      const needed = await neededBlobs(services);
      const blobs = await checkBlobs(services, needed, options, report);
      const layers = await checkLayers(services, options, report);
      queue.push({ summary: { blobs, layers, images: services.records.all().length } });
    }),
  );
}

/** A blob that images need. */
interface Need {
  images: ImageRecord[];
  /** Whether it is a manifest or an index, which registries keep apart. */
  document: boolean;
}

type Needed = Map<Digest, Need>;

async function neededBlobs({ content, records }: ImageServices): Promise<Needed> {
  const needed: Needed = new Map();
  const add = (digest: Digest, image: ImageRecord, document: boolean) => {
    const known = needed.get(digest) ?? { images: [], document };
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

/** Of what a document refers to, what is here: other platforms of an index need not be. */
async function presentBelow(content: ContentStore, document: Digest) {
  try {
    const { blobs, manifests } = parseReferences(await content.read(document, documentLimit));
    return { blobs: await presentOf(content, blobs), manifests: await presentOf(content, manifests) };
  } catch {
    // It is missing or damaged itself, and found as that.
    return { blobs: [], manifests: [] };
  }
}

async function presentOf(content: ContentStore, descriptors: Descriptor[]): Promise<Digest[]> {
  const present = await Promise.all(descriptors.map(({ digest }) => content.has(digest)));
  return descriptors.flatMap(({ digest }, index) => (present[index] ? [digest] : []));
}

async function checkBlobs(
  services: ImageServices,
  needed: Needed,
  options: CheckOptions,
  report: (damage: Damage) => void,
): Promise<number> {
  const { content } = services;
  const digests = new Set([...needed.keys(), ...(await content.list())]);
  for (const digest of digests) {
    options.signal.throwIfAborted();
    const found = await content.computeDigest(digest);
    if (found === digest) continue;
    const problem = found === undefined ? "it is missing" : `its bytes have the digest ${found}`;
    const need = needed.get(digest) ?? { images: [], document: false };
    const damage = {
      kind: "blob" as const,
      digest,
      images: need.images.map((one) => nameOf(services, one)),
      problem,
    };
    report(await repaired(damage, options, () => refetch(services, digest, need, options)));
  }
  return digests.size;
}

async function checkLayers(
  services: ImageServices,
  options: CheckOptions,
  report: (damage: Damage) => void,
): Promise<number> {
  const seen = new Map<DiffId, ImageRecord[]>();
  const images = services.records.all();
  for (const image of images) {
    for (const [index, diffId] of image.diffIds.entries()) {
      if (seen.has(diffId)) continue;
      options.signal.throwIfAborted();
      const users = images.filter((other) => other.diffIds.includes(diffId));
      seen.set(diffId, users);
      const blob = image.layers[index];
      const problem = blob && (await layerProblem(services, diffId, blob, options.signal));
      if (blob === undefined || problem === undefined) continue;
      const damage = {
        kind: "layer" as const,
        digest: diffId,
        images: users.map((one) => nameOf(services, one)),
        problem,
      };
      report(
        await repaired(damage, options, () => unpackAgain(services, diffId, blob, users, options.signal)),
      );
    }
  }
  return seen.size;
}

async function layerProblem(
  { layers, content }: ImageServices,
  diffId: DiffId,
  blob: Digest,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!layers.has(diffId)) return "it is missing";
  try {
    const withBlob = async <T>(use: (descriptor: number) => Promise<T>) => {
      await using file = await content.open(blob);
      return await use(file.fd);
    };
    return (await layers.verify(diffId, withBlob, { signal }))
      ? undefined
      : `it differs from its blob ${blob}`;
  } catch (error) {
    signal.throwIfAborted();
    return `it cannot be compared with its blob: ${errorChain(error)}`;
  }
}

async function repaired(
  damage: Damage,
  { repair, signal }: CheckOptions,
  mend: () => Promise<void>,
): Promise<Damage> {
  if (!repair) return { ...damage, unrepaired: "not asked for: run it with --repair" };
  try {
    await mend();
    return damage;
  } catch (error) {
    signal.throwIfAborted();
    return { ...damage, unrepaired: errorChain(error) };
  }
}

/** What nobody needs goes; the rest comes from a registry that an image has a name of. */
async function refetch(
  { content, records, registry }: ImageServices,
  digest: Digest,
  { images, document }: Need,
  { credentials, signal }: CheckOptions,
): Promise<void> {
  if (images.length === 0) return content.remove(digest);
  const failures: unknown[] = [];
  for (const reference of repositoriesOf(records, images)) {
    const repository = openRepository(reference, credentials(reference.domain), registry);
    try {
      const manifest = document ? await repository.fetchManifest(digest, signal) : undefined;
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
  throw failures[0] ?? new Error("no image with it has the name of a registry");
}

/** As the documents of an image say it. */
async function sizeOf(content: ContentStore, digest: Digest, images: ImageRecord[]): Promise<number> {
  for (const image of images) {
    if (image.id === digest) return image.configSize;
    const references = await content.read(image.manifest.digest, documentLimit).then(parseReferences);
    const found = references.blobs.find((blob) => blob.digest === digest);
    if (found) return found.size;
  }
  throw new Error("no document says how long it is");
}

function repositoriesOf(records: ImageServices["records"], images: ImageRecord[]): Reference[] {
  const ids = new Set(images.map(({ id }) => id));
  const names = [...records.digests(), ...records.names()].filter(({ id }) => ids.has(id));
  const references = names.map(({ name }) => parseReference(name));
  return [...new Map(references.map((reference) => [canonicalRepository(reference), reference])).values()];
}

async function unpackAgain(
  services: ImageServices,
  diffId: DiffId,
  blob: Digest,
  images: ImageRecord[],
  signal: AbortSignal,
): Promise<void> {
  const user = images.flatMap(({ id }) => services.uses.users("image", id)).find(({ active }) => active);
  if (user) throw new Error(`the running container ${user.id.slice(0, 12)} uses it: stop that first`);
  if ((await services.content.computeDigest(blob)) !== blob)
    throw new Error(`its blob ${blob} is damaged too`);
  await services.layers.remove([diffId]);
  await unpackLayer(services, blob, diffId, { signal });
}

function nameOf({ records }: ImageServices, image: ImageRecord): string {
  const named = records.names().find(({ id }) => id === image.id);
  return named ? familiarName(parseReference(named.name)) : image.id;
}
