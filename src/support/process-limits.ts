import { readFileSync } from "node:fs";
import { TboxError } from "./errors.ts";

/** Minimum number of open files for the daemon and its helpers with a few containers. */
const fewestFiles = 256;

/** Minimum size of a file in bytes: layers of images have this size. */
const smallestFile = 2 ** 30;

/**
 * Throws unavailable if this process may open too few files, or write only small ones. The helpers inherit the limits and
 * outlive the process, so they must not be started with them.
 */
export function checkProcessLimits(limits = readFileSync("/proc/self/limits", "utf8")): void {
  const [, files] = /^Max open files +\d+ +(\d+) /m.exec(limits) ?? [];
  if (files !== undefined && Number(files) < fewestFiles) {
    throw new TboxError(
      "unavailable",
      `the limit of open files is ${files}, and the daemon needs at least ${fewestFiles}: raise it (ulimit -Hn)`,
    );
  }
  const [, size] = /^Max file size +(\d+) /m.exec(limits) ?? [];
  if (size !== undefined && Number(size) < smallestFile) {
    throw new TboxError(
      "unavailable",
      `the limit of file sizes is ${size} bytes, and the daemon needs at least ${smallestFile}: raise it (ulimit -f)`,
    );
  }
}
