import { monotonic, wallClock } from "#native/addon/clock.ts";
import { unixNanoseconds } from "#support/time/timestamp.ts";
import type { PhaseTrace } from "../state/container-record.ts";

/**
 * Returns the phases of an exit that was just reported, like those of the start: `ended`, when the monitor had read all output of
 * the program, and `noticed`, when the daemon has the report. `requestedAt` is the monotonic time of the start request.
 */
export function exitPhases(requestedAt: number, finishedAt: string): PhaseTrace[] {
  const noticed = monotonic() - requestedAt;
  const sinceEnd = Number(wallClock() - unixNanoseconds(finishedAt));
  // The wall clock may have been set meanwhile.
  const ended = Math.min(noticed, Math.max(0, noticed - sinceEnd));
  return [
    { name: "ended", microseconds: Math.round(ended / 1000) },
    { name: "noticed", microseconds: Math.round(noticed / 1000) },
  ];
}
