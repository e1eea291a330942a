import type { BlobReader } from "#content/content-store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import { documentLimit, parseManifest } from "#oci/manifest.ts";
import { errorChain } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { unpackLayer } from "../store/image-parts.ts";
import type { ImageRecord } from "../store/image-records.ts";
import { isMadeAgain } from "../store/stored-blobs.ts";
import { planPush } from "../transfer/plan-push.ts";
import type { CheckOptions, Damage } from "./image-maintenance.ts";
import { displayName, tryRepair } from "./repair.ts";

/** A layer and a blob that, according to an image, is the layer's archive. */
interface LayerBlob {
  diffId: DiffId;
  blob: Digest;
  images: Set<ImageRecord>;
}

/** Compares each image layer with its blobs and reports damage; returns the number of layers. */
export async function checkLayers(
  services: ImageServices,
  options: CheckOptions,
  report: (damage: Damage) => void,
): Promise<number> {
  const images = services.records.all();
  const pairs = await layerBlobs(services, images);
  for (const { diffId, blob, images: users } of pairs) {
    options.signal.throwIfAborted();
    const problem = await findProblem(services, diffId, blob, options.signal);
    if (problem === undefined) continue;
    const names = [...users].map((one) => displayName(services, one));
    const owners = images.filter((other) => other.diffIds.includes(diffId));
    const damage = { kind: "layer" as const, digest: diffId, images: names, problem };
    const repair = () => unpackAgain(services, { diffId, blob, owners }, options.signal);
    report(await tryRepair(damage, options, repair));
  }
  return new Set(pairs.map(({ diffId }) => diffId)).size;
}

/** Returns each pair of a layer and a blob once. Names of one image can refer to manifests with different blobs. */
async function layerBlobs(services: ImageServices, images: ImageRecord[]): Promise<LayerBlob[]> {
  const pairs = new Map<string, LayerBlob>();
  for (const image of images) {
    const blobs = [image.layers, ...(await manifestLayers(services, image))];
    for (const [index, diffId] of image.diffIds.entries()) {
      for (const blob of blobs.flatMap((layers) => layers[index] ?? [])) {
        const pair = pairs.get(`${diffId} ${blob}`) ?? { diffId, blob, images: new Set() };
        pair.images.add(image);
        pairs.set(`${diffId} ${blob}`, pair);
      }
    }
  }
  return [...pairs.values()];
}

/** Returns the layers of each manifest that the image's names refer to. */
async function manifestLayers(services: ImageServices, image: ImageRecord): Promise<Digest[][]> {
  const { content, records } = services;
  const found: Digest[][] = [];
  for (const { id, target } of records.names()) {
    if (id !== image.id) continue;
    // The check of the blobs reports a missing or damaged document.
    const plan = await planPush(content, target).catch(() => undefined);
    for (const document of plan ? [...plan.manifests, plan.top] : []) {
      const manifest = await parsedManifest(content, document).catch(() => undefined);
      if (manifest?.config.digest === id) found.push(manifest.layers.map(({ digest }) => digest));
    }
  }
  return found;
}

async function parsedManifest(content: BlobReader, { digest, mediaType }: Descriptor) {
  const document = parseManifest(await content.read(digest, documentLimit), mediaType);
  return document.kind === "manifest" ? document.manifest : undefined;
}

async function findProblem(
  { layers, content }: ImageServices,
  diffId: DiffId,
  blob: Digest,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!layers.has(diffId)) return "missing";
  if (blob === diffId && isMadeAgain({ layers }, diffId) && !(await content.has(blob))) {
    return (await layers.isIntact(diffId, { signal })) ? undefined : "its files make another archive";
  }
  try {
    const isIntact = await layers.verify(diffId, (use) => withFile({ content }, blob, use), { signal });
    return isIntact ? undefined : `contents differ from blob ${blob}`;
  } catch (error) {
    signal.throwIfAborted();
    return `cannot compare with blob ${blob}: ${errorChain(error)}`;
  }
}

async function withFile<T>(
  { content }: Pick<ImageServices, "content">,
  blob: Digest,
  use: (descriptor: number) => Promise<T>,
): Promise<T> {
  await using file = await content.open(blob);
  return await use(file.fd);
}

interface DamagedLayer {
  diffId: DiffId;
  blob: Digest;
  /** Images that contain the layer. */
  owners: ImageRecord[];
}

async function unpackAgain(
  services: ImageServices,
  { diffId, blob, owners }: DamagedLayer,
  signal: AbortSignal,
): Promise<void> {
  const running = owners.flatMap(({ id }) => services.uses.users("image", id)).find(({ active }) => active);
  if (running)
    throw new Error(`used by running container ${running.id.slice(0, 12)}: stop the container first`);
  const found = await services.content.computeDigest(blob);
  if (found === undefined) {
    throw new Error("nothing else has its content: remove the image and build it again");
  }
  if (found !== blob) throw new Error(`blob ${blob} is damaged, too`);
  // Keeps the layer if the blob is not its archive.
  await services.layers.match(diffId, (use) => withFile(services, blob, use), { signal });
  await services.layers.remove([diffId]);
  await unpackLayer(services, blob, diffId, { signal });
}
