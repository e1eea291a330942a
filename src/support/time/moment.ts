import { invalidArgument } from "../errors.ts";
import { parseDuration } from "./duration.ts";

/**
 * Parses the value of an `until` filter into milliseconds since the epoch: seconds since the epoch, a date, or a
 * Go duration before now (`1h30m`).
 */
export function parseMoment(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const ago = parseDuration(text);
  if (ago !== undefined) return Date.now() - ago * 1000;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw invalidArgument(`invalid filter 'until=${text}'`);
}

/** Returns the test of Docker's filter `until`: a moment passes if it is before all values. */
export function untilFilter(values: string[]): (milliseconds: number) => boolean {
  const earliest = Math.min(...values.map(parseMoment));
  return (milliseconds) => milliseconds < earliest;
}
