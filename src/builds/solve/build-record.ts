import type { CacheStep } from "#oci/cache-config.ts";
import type { BuildRecord } from "../builder.ts";
import type { StageState } from "../plan/stage-state.ts";

/** Describes a build by its stages. Stages that failed or were not needed are missing. */
export function recordOf(
  result: StageState,
  all: StageState[],
  { materials, requested, epoch }: Pick<BuildRecord, "materials" | "requested" | "epoch">,
): BuildRecord {
  const steps = unique(stepsOf(result));
  const known = new Set(steps.map(({ key }) => key));
  const otherSteps = unique(all.flatMap(stepsOf)).filter(({ key }) => !known.has(key));
  return { steps, otherSteps, materials, requested, epoch };
}

function stepsOf({ steps, diffIds, layers, history, created }: StageState): CacheStep[] {
  const made = history.filter(({ empty_layer: empty }) => !empty);
  const cached = new Set(steps.flatMap(({ layer }) => layer ?? []));
  return steps.map(({ key, layer }): CacheStep => {
    const [diffId, descriptor] = layer === null ? [] : [diffIds[layer], layers[layer]];
    if (layer === null || diffId === undefined || descriptor === undefined) return { key, created };
    const below = cached.has(layer - 1) ? diffIds[layer - 1] : undefined;
    const time = Date.parse(made[layer]?.created ?? "") || created;
    return { key, created: time, layer: { diffId, descriptor, ...(below === undefined ? {} : { below }) } };
  });
}

function unique(steps: CacheStep[]): CacheStep[] {
  return [...new Map(steps.map((step) => [step.key, step])).values()];
}
