import { processStartTime } from "#native/addon/clock.ts";
import type { Started } from "#native/protocol/monitor.ts";
import type { ContainerState } from "../state/container-record.ts";

/** Returns the part of a container's state that identifies its current run. */
export function runningState({
  pid,
  startedAt,
}: Started): Pick<ContainerState, "pid" | "startTicks" | "startedAt"> {
  const startTicks = processStartTime(pid);
  return { pid, startedAt, ...(startTicks === undefined ? {} : { startTicks }) };
}
