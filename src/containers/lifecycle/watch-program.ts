import { type ProcessWatch, watchProcess } from "#native/addon/reactor.ts";
import type { ContainerRecord } from "../state/container-record.ts";

/** Watches PID 1 of a container; returns nothing when it has ended. */
export function watchProgram({ state: { pid, startTicks } }: ContainerRecord): ProcessWatch | undefined {
  if (startTicks === undefined) return undefined;
  try {
    return watchProcess(pid, startTicks);
  } catch {
    return undefined;
  }
}

/** Sends a signal to a watched process; does nothing when it has just exited. */
export function signalProgram(program: ProcessWatch, number: number): void {
  try {
    program.signal(number);
  } catch {
    // The process has just exited.
  }
}
