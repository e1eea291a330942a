import type { BaseImage } from "#images/authoring/image-authoring.ts";
import { createdAt } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId } from "#oci/digest.ts";
import { readInlineCache } from "#oci/inline-cache.ts";
import { errorChain } from "#support/errors.ts";
import type { StageState } from "../plan/stage-state.ts";
import { fetchImage, findLocalImage, type ImageSource } from "../solve/base-image.ts";

/** A step recorded in an image. */
export interface KnownStep {
  layer?: { diffId: DiffId; descriptor: Descriptor };
  /** Milliseconds since the epoch. */
  created: number;
}

/** Rules for reusing results of the local cache, and the steps recorded in the images of `--cache-from`. */
export interface ReusableSteps {
  /** Tests whether a result from the local cache may be used; `stage` is the state after the step. */
  allows(stage: StageState): boolean;
  /** Finds the result with a cache key in the images of `--cache-from`. */
  find(key: string): KnownStep | undefined;
}

/** Reads the steps recorded in the images of `--cache-from`. */
export async function openReusableSteps(source: ImageSource): Promise<ReusableSteps> {
  const { noCache, cacheFrom } = source.request;
  if (noCache) return { allows: () => false, find: () => undefined };
  const images = await findImages(source);
  const steps = new Map(images.flatMap(stepsOf));
  const fromAll = !cacheFrom.only || cacheFrom.names.length === 0;
  return {
    allows: (stage) => !stage.fresh && (fromAll || images.some((image) => beginsWith(image, stage))),
    find: (key) => steps.get(key),
  };
}

async function findImages(source: ImageSource): Promise<BaseImage[]> {
  const { services, request, emit, signal } = source;
  const { names, only } = request.cacheFrom;
  const found = await Promise.all(
    names.map(async (name) => {
      if (only) return findLocalImage(services, name, request.platform);
      try {
        return await fetchImage(source, name, request.platform);
      } catch (error) {
        signal.throwIfAborted();
        emit({ type: "warning", text: `cannot import the cache of ${name}: ${errorChain(error)}` });
        return undefined;
      }
    }),
  );
  return found.filter((image) => image !== undefined);
}

function stepsOf(image: BaseImage): [string, KnownStep][] {
  const { config, diffIds, layers } = image;
  const made = (config.history ?? []).filter(({ empty_layer: empty }) => !empty);
  return readInlineCache(config).flatMap(({ key, layer }): [string, KnownStep][] => {
    if (layer === null) return [[key, { created: createdAt(config) }]];
    const [diffId, descriptor] = [diffIds[layer], layers[layer]];
    if (diffId === undefined || descriptor === undefined) return [];
    const created = Date.parse(made[layer]?.created ?? "") || createdAt(config);
    return [[key, { layer: { diffId, descriptor }, created }]];
  });
}

/** Tests whether a stage equals an intermediate state of an image. */
function beginsWith({ config, diffIds }: BaseImage, stage: StageState): boolean {
  const made = config.history?.[stage.history.length - 1]?.created_by;
  return (
    stage.diffIds.every((diffId, index) => diffIds[index] === diffId) &&
    made === stage.history.at(-1)?.created_by
  );
}
