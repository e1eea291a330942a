import { readFileSync } from "node:fs";

/** Returns whether a process of this user runs. A zombie does not: it has ended, and its parent has not waited for it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !/^[ZX]/.test(stateOf(pid));
}

/** Returns the state of a process, see proc_pid_stat(5); empty where `/proc` does not show it. */
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in parentheses, may contain spaces and parentheses.
    return stat.slice(stat.lastIndexOf(")") + 2);
  } catch {
    return "";
  }
}
