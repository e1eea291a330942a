import type { DiffId } from "#oci/digest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import type { KnownStep } from "../cache/cache-images.ts";
import { noted, type StageState, withStep } from "../plan/stage-state.ts";
import type { BuildRun, StepResult } from "../solve/build-run.ts";

export interface LayerStep {
  /** Of everything that the result depends on. */
  key: string;
  /** For the history. */
  createdBy: string;
  /** Does the work; gives the layer it left, if any. */
  make(): Promise<DiffId | undefined>;
}

/** Takes a step's result from the cache, or makes it and keeps it there. */
export async function makeLayer(
  run: BuildRun,
  stage: StageState,
  { key, createdBy, make }: LayerStep,
): Promise<StepResult> {
  const reused = await reuse(run, stage, { key, createdBy });
  if (reused) return { stage: reused, cached: true, key };
  const { cache, layers } = run.workshop;
  const diffId = await make();
  run.signal.throwIfAborted();
  const created = run.epoch === undefined ? Date.now() : run.epoch * 1000;
  const step = { key, description: createdBy, created };
  cache.add(diffId === undefined ? step : { ...step, diffId });
  // Later steps do not wait for the disk; the image does.
  layers.sync().catch(() => {});
  const known = diffId === undefined ? { created } : { created, layer: await ownLayer(run, diffId) };
  return { stage: after(stage, { key, createdBy }, known), cached: false, key };
}

type Named = Pick<LayerStep, "key" | "createdBy">;

/** The stage after a step whose result is known, here or in an image. */
async function reuse(run: BuildRun, stage: StageState, step: Named): Promise<StageState | undefined> {
  const { cache, layers } = run.workshop;
  const here = cache.find(step.key);
  if (here && (here.diffId === undefined || layers.has(here.diffId))) {
    const { created, diffId } = here;
    const known = diffId === undefined ? { created } : { created, layer: await ownLayer(run, diffId) };
    const reused = after(stage, step, known);
    if (!run.reuse.may(reused)) return undefined;
    cache.use(here);
    return reused;
  }
  const told = run.reuse.find(step.key);
  if (!told) return undefined;
  const reused = after(stage, step, told);
  return run.reuse.may(reused) ? reused : undefined;
}

async function ownLayer({ workshop }: BuildRun, diffId: DiffId): Promise<NonNullable<KnownStep["layer"]>> {
  const size = await workshop.content.size(diffId);
  return { diffId, descriptor: { mediaType: mediaTypes.layer, digest: diffId, size } };
}

function after(stage: StageState, { key, createdBy }: Named, { layer, created }: KnownStep): StageState {
  const next = noted(stage, createdBy, { ...layer, created });
  return withStep(next, key, layer === undefined ? null : stage.diffIds.length);
}
