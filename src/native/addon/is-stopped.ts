import { readFileSync } from "node:fs";

/** Returns whether a signal has stopped a process, as SIGSTOP does; false if there is no such process. */
export function isStopped(pid: number): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The state follows the name, which is in parentheses and can contain any character.
    return line[line.lastIndexOf(")") + 2] === "T";
  } catch {
    return false;
  }
}
