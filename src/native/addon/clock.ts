import { addon } from "./addon.ts";

/** Returns CLOCK_MONOTONIC in nanoseconds, the clock of the helper's phases. */
export function monotonic(): number {
  return addon().monotonic();
}

/** Returns the time in nanoseconds since the epoch. The runtime's own clock has milliseconds only. */
export function wallClock(): bigint {
  const [seconds, nanoseconds] = addon().wallClock();
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}

/** Returns the start time of a process in clock ticks since boot; undefined when it has ended. */
export function processStartTime(pid: number): number | undefined {
  return addon().processStartTime(pid) ?? undefined;
}
