import { findSource, type PlannedStages, type Source, sourcesOf } from "./plan-stages.ts";

type Plan = Pick<PlannedStages, "stages" | "contexts">;

/** Returns the indexes of a stage and of all stages that it directly or indirectly depends on. */
export function neededStages(plan: Plan, target: number, found = new Set<number>()): Set<number> {
  const stage = plan.stages[target];
  if (!stage || found.has(target)) return found;
  found.add(target);
  const named = stage.instructions.flatMap(sourcesOf).flatMap((name) => sourceOf(name, plan, target));
  for (const source of [stage.base, ...named]) {
    if (source.type === "stage") neededStages(plan, source.index, found);
  }
  return found;
}

function sourceOf(name: string, plan: Plan, current: number): Source[] {
  try {
    return [findSource(name, plan, current)];
  } catch {
    // The step itself reports the error, with its lines.
    return [];
  }
}
