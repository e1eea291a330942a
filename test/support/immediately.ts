import type { Defer } from "#support/concurrency/deferred-work.ts";

/**
 * Runs deferred work at once. As in the daemon, a failure throws nothing: a test may remove its directory before the work has
 * ended.
 */
export const immediately: Defer = (_, task) => {
  const run = async () => task();
  run().catch(() => {});
};
