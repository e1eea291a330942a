import type { DiffId } from "#oci/digest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { errorChain } from "#support/errors.ts";
import type { KnownStep } from "../cache/known-step.ts";
import { type StageState, withHistory, withStep } from "../plan/stage-state.ts";
import type { BuildRun, StepResult } from "../solve/build-run.ts";

export interface LayerStep {
  /** Hash of everything that the result depends on. */
  key: string;
  /** Text for the image history. */
  createdBy: string;
  /** Creates the layer; returns undefined when no file changed. */
  create(): Promise<DiffId | undefined>;
}

/** Returns the result of a step from the cache, or creates it and adds it to the cache. */
export async function ensureLayer(
  run: BuildRun,
  stage: StageState,
  { key, createdBy, create }: LayerStep,
): Promise<StepResult> {
  // Builds for several platforms share steps; the second one waits for the result of the first.
  using _ = run.request.noCache ? undefined : await run.services.locks.acquire(`step ${key}`, run.signal);
  const reused = await reuse(run, stage, { key, createdBy });
  if (reused) return { stage: reused, cached: true, key };
  const { cache, layers } = run.services;
  const diffId = await create();
  run.signal.throwIfAborted();
  const created = run.epoch === undefined ? Date.now() : run.epoch * 1000;
  const step = { key, description: createdBy, created };
  cache.add(diffId === undefined ? step : { ...step, diffId });
  // Later steps do not wait for the sync to disk; the image does.
  layers.sync().catch(() => {});
  const known = diffId === undefined ? { created } : { created, layer: await describeLayer(run, diffId) };
  return { stage: stageAfter(stage, { key, createdBy }, known), cached: false, key };
}

type StepLabel = Pick<LayerStep, "key" | "createdBy">;

/** Returns the stage after a step whose result is in the local cache or in an image of `--cache-from`. */
async function reuse(run: BuildRun, stage: StageState, step: StepLabel): Promise<StageState | undefined> {
  const { cache, layers } = run.services;
  const local = cache.find(step.key);
  if (local && (local.diffId === undefined || layers.has(local.diffId))) {
    const { created, diffId } = local;
    const known = diffId === undefined ? { created } : { created, layer: await describeLayer(run, diffId) };
    const reused = stageAfter(stage, step, known);
    if (!run.reusable.allows(reused)) return undefined;
    cache.use(local);
    return reused;
  }
  const imported = run.reusable.find(step.key);
  if (!imported || !run.reusable.allows(stageAfter(stage, step, imported))) return undefined;
  const available = await makeAvailable(run, step, imported);
  return available && stageAfter(stage, step, available);
}

/** Fetches the layer of a step of an exported cache and adds the step to the local cache; warns if it cannot. */
async function makeAvailable(
  { services, signal, emit }: BuildRun,
  { key, createdBy: description }: StepLabel,
  step: KnownStep,
): Promise<KnownStep | undefined> {
  const { layer, remote, created } = step;
  if (!remote || !layer) return step;
  const { diffId } = layer;
  try {
    const descriptor = await services.images.fetchLayer(remote, layer, signal);
    // The cache cannot describe a layer whose plain archive is not in the store.
    if (descriptor.digest === diffId) services.cache.add({ key, diffId, description, created });
    return { created, layer: { diffId, descriptor } };
  } catch (error) {
    signal.throwIfAborted();
    const text = `cannot use the cache of ${remote.name} for ${description}: ${errorChain(error)}`;
    emit({ type: "warning", text });
    return undefined;
  }
}

async function describeLayer(
  { services }: BuildRun,
  diffId: DiffId,
): Promise<NonNullable<KnownStep["layer"]>> {
  const size = services.layers.archiveSize(diffId) ?? (await services.content.size(diffId));
  return { diffId, descriptor: { mediaType: mediaTypes.layer, digest: diffId, size } };
}

function stageAfter(
  stage: StageState,
  { key, createdBy }: StepLabel,
  { layer, created }: KnownStep,
): StageState {
  const next = withHistory(stage, createdBy, { ...layer, created });
  return withStep(next, key, layer === undefined ? null : stage.diffIds.length);
}
