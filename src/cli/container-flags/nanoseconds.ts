import { parseDuration } from "#support/duration.ts";

/** A duration as Go writes it (`1m30s`) in nanoseconds. */
export function parseNanoseconds(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  return Math.round(seconds * 1e9);
}
