import { type DiffId, parseDiffId } from "#oci/digest.ts";
import { cacheKey } from "../cache/build-cache.ts";
import type { StageState } from "../plan/stage-state.ts";
import { makeLayer } from "../steps/make-layer.ts";
import type { BuildRun } from "./build-run.ts";

/** The stage with one layer in place of all that were made, on top of the image that was there before. */
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
  const { stage: squashed } = await makeLayer(run, below, {
    key: cacheKey(["squash", below.diffIds, made]),
    createdBy: `squash of ${made.length} layers`,
    make: () => layOver(run, made, below.diffIds),
  });
  return squashed;
}

async function layOver({ workshop, signal }: BuildRun, made: DiffId[], below: DiffId[]): Promise<DiffId> {
  const { containers, content, layers } = workshop;
  using workspace = containers.builds.openWorkspace([]);
  const { digest } = await content.adopt(workspace.squash(made, below), { signal });
  const diffId = parseDiffId(digest);
  const blob = async <T>(use: (descriptor: number) => Promise<T>) => {
    await using file = await content.open(digest);
    return await use(file.fd);
  };
  await layers.ensure(diffId, blob, { signal });
  return diffId;
}
