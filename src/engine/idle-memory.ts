import { releaseCode } from "#native/addon/own-code.ts";
import type { Warn } from "#support/log.ts";

/** Milliseconds between two checks. */
const interval = 10_000;

/** Microseconds of processor time between two checks below which the daemon is idle. */
const idleTime = 100_000;

/**
 * Releases memory when the daemon is idle: most of it is code of the runtime and scripts, which an idle daemon does not execute.
 * Disposing of the result ends the checks.
 */
export function openIdleMemory(warn: Warn): Disposable {
  const time = () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  };
  const check = createIdleCheck(time, () => {
    try {
      releaseCode();
    } catch (error) {
      warn("release memory", error);
    }
  });
  const timer = setInterval(check, interval).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Returns a function that calls `release` once in each idle period. `time` returns the processor time so far, in microseconds. */
export function createIdleCheck(time: () => number, release: () => void): () => void {
  let last = time();
  let released = false;
  return () => {
    const now = time();
    const idle = now - last < idleTime;
    last = now;
    if (idle && !released) release();
    released = idle;
  };
}
