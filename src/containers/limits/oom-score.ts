import { readFileSync } from "node:fs";
import { invalidArgument } from "#support/errors.ts";

/** Throws invalid-argument for an `--oom-score-adj` that no ordinary user can give a program. */
export function checkOomScore(asked = 0, path = "/proc/self/oom_score_adj"): void {
  if (asked === 0) return;
  if (!Number.isInteger(asked) || asked < -1000 || asked > 1000) {
    const message = `Invalid value ${asked}, range for oom score adj is [-1000, 1000]`;
    throw invalidArgument(message);
  }
  const own = Number(readFileSync(path, "utf8"));
  if (asked >= own) return;
  const message = `oom score adj ${asked} is below the daemon's own ${own}: only root may go lower`;
  throw invalidArgument(message);
}
