import { readFileSync } from "node:fs";
import { TboxError } from "./errors.ts";

/** Minimum number of open files for the daemon and its helpers with a few containers. */
const fewest = 256;

/**
 * Throws unavailable if this process may open too few files. The helpers inherit the limit and outlive the process, so
 * they must not be started with it.
 */
export function checkOpenFileLimit(limits = readFileSync("/proc/self/limits", "utf8")): void {
  const [, limit] = /^Max open files +\d+ +(\d+) /m.exec(limits) ?? [];
  if (limit === undefined || Number(limit) >= fewest) return;
  throw new TboxError(
    "unavailable",
    `the limit of open files is ${limit}, and the daemon needs at least ${fewest}: raise it (ulimit -Hn)`,
  );
}
