import { addon } from "./addon.ts";

/** Returns CLOCK_MONOTONIC in nanoseconds, the clock of the helper's phases. */
export function monotonic(): number {
  return addon().monotonic();
}
