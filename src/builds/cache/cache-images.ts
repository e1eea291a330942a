import type { BaseImage } from "#images/authoring/image-authoring.ts";
import type { RemoteContent } from "#images/transfer/remote-content.ts";
import { parseReference, withDefaultTag } from "#oci/reference.ts";
import { errorChain } from "#support/errors.ts";
import type { StageState } from "../plan/stage-state.ts";
import { findLocalImage, type ImageSource } from "../solve/base-image.ts";
import { type KnownStep, recordedSteps } from "./known-step.ts";
import { readRemoteSteps } from "./remote-steps.ts";

/** Rules for reusing results of the local cache, and the steps recorded in the caches of `--cache-from`. */
export interface ReusableSteps {
  /** Tests whether a result from the local cache may be used; `stage` is the state after the step. */
  allows(stage: StageState): boolean;
  /** Finds the result with a cache key in the caches of `--cache-from`. */
  find(key: string): KnownStep | undefined;
}

/** Reads the steps recorded in the images and caches of `--cache-from`. */
export async function openReusableSteps(source: ImageSource): Promise<ReusableSteps> {
  const { noCache, cacheFrom } = source.request;
  if (noCache) return { allows: () => false, find: () => undefined };
  const { names, only, remotes = [] } = cacheFrom;
  const images = await Promise.all(
    names.map((name) => findLocalImage(source.services, name, source.request.platform)),
  );
  const local = images.filter((image) => image !== undefined);
  const missing = only ? [] : names.filter((_, index) => images[index] === undefined);
  const others = [
    ...missing.map((name) => readNamed(source, name)),
    ...remotes.map((remote) => readOrWarn(source, remote.name, async () => remote)),
  ];
  const steps = new Map([...(await Promise.all(others)).flat(), ...local.flatMap(recordedSteps)]);
  const fromAll = !only || names.length === 0;
  return {
    allows: (stage) => !stage.fresh && (fromAll || local.some((image) => beginsWith(image, stage))),
    find: (key) => steps.get(key),
  };
}

function readNamed(source: ImageSource, name: string): Promise<[string, KnownStep][]> {
  return readOrWarn(source, name, async () => {
    const reference = withDefaultTag(parseReference(name));
    const credentials = await source.request.credentials(reference.domain);
    return source.services.images.openRemote(reference, credentials);
  });
}

/** Returns the steps of a cache; warns and returns none if the cache cannot be read. */
async function readOrWarn(
  source: ImageSource,
  name: string,
  open: () => Promise<RemoteContent>,
): Promise<[string, KnownStep][]> {
  try {
    return await readRemoteSteps(source, await open());
  } catch (error) {
    source.signal.throwIfAborted();
    source.emit({ type: "warning", text: `cannot import the cache of ${name}: ${errorChain(error)}` });
    return [];
  }
}

/** Tests whether a stage equals an intermediate state of an image. */
function beginsWith({ config, diffIds }: BaseImage, stage: StageState): boolean {
  const made = config.history?.[stage.history.length - 1]?.created_by;
  return (
    stage.diffIds.every((diffId, index) => diffIds[index] === diffId) &&
    made === stage.history.at(-1)?.created_by
  );
}
