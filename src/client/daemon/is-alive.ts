import { readFileSync } from "node:fs";

/**
 * Returns whether a process of this user runs. A process that has ended is not alive, even if its parent has not waited for
 * it. With `startTicks` (clock ticks since boot), another process that got the same ID does not count.
 */
export function isAlive(pid: number, startTicks?: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = readStat(pid);
  if (stat === undefined) return true;
  return !/[ZX]/.test(stat.state) && (startTicks === undefined || stat.startTicks === startTicks);
}

/** Reads the state and the start time of a process, see proc_pid_stat(5); undefined where `/proc` does not show it. */
function readStat(pid: number): { state: string; startTicks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in parentheses, may contain spaces and parentheses.
    const [state = "", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state, startTicks: Number(fields[18]) };
  } catch {
    return undefined;
  }
}
