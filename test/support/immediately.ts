import type { Defer } from "#support/concurrency/deferred-work.ts";

/** Runs deferred work at once. */
export const immediately: Defer = (_, task) => void task();
