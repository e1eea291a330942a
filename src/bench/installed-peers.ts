import type { BenchResult } from "./result.ts";

/** Names of peers by whether they can be measured here. */
export interface SplitPeers {
  installed: string[];
  skipped: BenchResult["skipped"];
}

/** Separates the peers whose programs this machine lacks. */
export function splitInstalled(names: readonly string[]): SplitPeers {
  const installed = names.filter((name) => Bun.which(name) !== null);
  const missing = names.filter((name) => !installed.includes(name));
  return { installed, skipped: missing.map((name) => ({ name, reason: "the program is not installed" })) };
}
