import { processStartTime } from "#native/addon/clock.ts";
import type { Started } from "#native/protocol/monitor.ts";
import { type ContainerRecord, type ContainerState, isRunning } from "../state/container-record.ts";

/** Returns the part of a container's state that identifies its current run. */
export function runningState({
  pid,
  startedAt,
}: Started): Pick<ContainerState, "pid" | "startTicks" | "startedAt"> {
  const startTicks = processStartTime(pid);
  return { pid, startedAt, ...(startTicks === undefined ? {} : { startTicks }) };
}

/** Completes the state of a running container before its record is written. Most short-lived containers end before. */
export function completeRunningState(record: ContainerRecord): void {
  const { pid, startTicks } = record.state;
  if (!isRunning(record) || startTicks !== undefined) return;
  const read = processStartTime(pid);
  if (read !== undefined) record.state.startTicks = read;
}
