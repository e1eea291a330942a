import { readFileSync } from "node:fs";
import { invalidArgument } from "#support/errors.ts";

/**
 * Returns the score to set for an `--oom-score-adj`. A score below the daemon's own, which only root could set, is
 * raised to it with a warning. Throws invalid-argument for a score out of range.
 */
export function resolveOomScore(
  requested: number | undefined,
  path = "/proc/self/oom_score_adj",
): { score: number | undefined; warnings: string[] } {
  if (requested === undefined || requested === 0) return { score: requested, warnings: [] };
  if (!Number.isInteger(requested) || requested < -1000 || requested > 1000) {
    const message = `Invalid value ${requested}, range for oom score adj is [-1000, 1000]`;
    throw invalidArgument(message);
  }
  const own = Number(readFileSync(path, "utf8"));
  if (requested >= own) return { score: requested, warnings: [] };
  const warning = `oom score adj ${requested} is below the daemon's own, which only root can lower: raised to ${own}`;
  return { score: own, warnings: [warning] };
}
