import type { DiffId, Digest } from "#oci/digest.ts";
import { errorChain } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { unpackLayer } from "../store/image-parts.ts";
import type { ImageRecord } from "../store/image-records.ts";
import type { CheckOptions, Damage } from "./image-maintenance.ts";
import { displayName, tryRepair } from "./repair.ts";

/** Compares the layers of all images with their blobs; returns their number. */
export async function checkLayers(
  services: ImageServices,
  options: CheckOptions,
  report: (damage: Damage) => void,
): Promise<number> {
  const checked = new Set<DiffId>();
  const images = services.records.all();
  for (const image of images) {
    for (const [index, diffId] of image.diffIds.entries()) {
      if (checked.has(diffId)) continue;
      checked.add(diffId);
      options.signal.throwIfAborted();
      const blob = image.layers[index];
      const problem = blob && (await findProblem(services, diffId, blob, options.signal));
      if (blob === undefined || problem === undefined) continue;
      const owners = images.filter((other) => other.diffIds.includes(diffId));
      const names = owners.map((one) => displayName(services, one));
      const damage = { kind: "layer" as const, digest: diffId, images: names, problem };
      const repair = () => unpackAgain(services, { diffId, blob, owners }, options.signal);
      report(await tryRepair(damage, options, repair));
    }
  }
  return checked.size;
}

async function findProblem(
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
    const isIntact = await layers.verify(diffId, withBlob, { signal });
    return isIntact ? undefined : `it differs from its blob ${blob}`;
  } catch (error) {
    signal.throwIfAborted();
    return `it cannot be compared with its blob: ${errorChain(error)}`;
  }
}

interface DamagedLayer {
  diffId: DiffId;
  blob: Digest;
  /** Images with this layer. */
  owners: ImageRecord[];
}

async function unpackAgain(
  services: ImageServices,
  { diffId, blob, owners }: DamagedLayer,
  signal: AbortSignal,
): Promise<void> {
  const running = owners.flatMap(({ id }) => services.uses.users("image", id)).find(({ active }) => active);
  if (running)
    throw new Error(`the running container ${running.id.slice(0, 12)} uses it: stop the container first`);
  if ((await services.content.computeDigest(blob)) !== blob) {
    throw new Error(`its blob ${blob} is damaged too`);
  }
  await services.layers.remove([diffId]);
  await unpackLayer(services, blob, diffId, { signal });
}
