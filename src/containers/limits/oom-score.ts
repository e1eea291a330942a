import { readFileSync } from "node:fs";
import { invalidArgument } from "#support/errors.ts";

/** Throws invalid-argument for an `--oom-score-adj` out of range or below the daemon's own. */
export function checkOomScore(requested = 0, path = "/proc/self/oom_score_adj"): void {
  if (requested === 0) return;
  if (!Number.isInteger(requested) || requested < -1000 || requested > 1000) {
    const message = `Invalid value ${requested}, range for oom score adj is [-1000, 1000]`;
    throw invalidArgument(message);
  }
  const own = Number(readFileSync(path, "utf8"));
  if (requested >= own) return;
  const message = `oom score adj ${requested} is below the daemon's own ${own}: only root can lower it`;
  throw invalidArgument(message);
}
