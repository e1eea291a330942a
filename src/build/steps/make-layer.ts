import type { DiffId } from "#oci/digest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import type { BuildRun, StepResult } from "../build-run.ts";
import { noted, type StageState } from "../plan/stage-state.ts";

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
  const { cache, layers } = run.workshop;
  const known = cache.find(key);
  if (known && (known.diffId === undefined || layers.has(known.diffId))) {
    const reused = await withLayer(run, stage, createdBy, known.created, known.diffId);
    if (run.mayReuse(reused)) {
      cache.use(known);
      return { stage: reused, cached: true, key };
    }
  }
  const diffId = await make();
  run.signal.throwIfAborted();
  const created = run.epoch === undefined ? Date.now() : run.epoch * 1000;
  const step = { key, description: createdBy, created };
  cache.add(diffId === undefined ? step : { ...step, diffId });
  // Later steps do not wait for the disk; the image does.
  layers.settle().catch(() => {});
  return { stage: await withLayer(run, stage, createdBy, created, diffId), cached: false, key };
}

async function withLayer(
  { workshop }: BuildRun,
  stage: StageState,
  createdBy: string,
  created: number,
  diffId: DiffId | undefined,
): Promise<StageState> {
  if (diffId === undefined) return noted(stage, createdBy, { created });
  const size = await workshop.content.size(diffId);
  const descriptor = { mediaType: mediaTypes.layer, digest: diffId, size };
  return noted(stage, createdBy, { diffId, descriptor, created });
}
