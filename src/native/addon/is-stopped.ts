import { readProcess } from "./read-process.ts";

/** Returns whether a signal has stopped a process, as SIGSTOP does; false if there is no such process. */
export function isStopped(pid: number): boolean {
  try {
    return readProcess(pid)?.state === "T";
  } catch {
    return false;
  }
}
