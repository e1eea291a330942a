import type { DiffId } from "#oci/digest.ts";
import { cacheKey } from "../cache/build-cache.ts";
import type { StageState } from "../plan/stage-state.ts";
import { ensureLayer } from "../steps/ensure-layer.ts";
import type { BuildRun } from "./build-run.ts";

/** Replaces all layers above the base image by a single one. */
export async function squash(run: BuildRun, stage: StageState): Promise<StageState> {
  const { base, diffIds, layers, history } = stage;
  const made = diffIds.slice(base.layers);
  if (made.length < 2) return stage;
  const below: StageState = {
    ...stage,
    diffIds: diffIds.slice(0, base.layers),
    layers: layers.slice(0, base.layers),
    history: history.map((entry, index) => (index < base.history ? entry : { ...entry, empty_layer: true })),
  };
  const { stage: squashed } = await ensureLayer(run, below, {
    key: cacheKey(["squash", below.diffIds, made]),
    createdBy: `squash of ${made.length} layers`,
    create: () => mergeLayers(run, made, below.diffIds),
  });
  return squashed;
}

async function mergeLayers({ services, signal }: BuildRun, made: DiffId[], below: DiffId[]): Promise<DiffId> {
  const { containers, images } = services;
  using workspace = containers.builds.openWorkspace([]);
  const { diffId } = await images.adoptLayer(await workspace.squash(made, below), signal);
  return diffId;
}
