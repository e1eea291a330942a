import { addon } from "./addon.ts";

/** CLOCK_MONOTONIC in nanoseconds: comparable with what the helper reports, unlike the runtime's clocks. */
export function monotonic(): number {
  return addon().monotonic();
}
