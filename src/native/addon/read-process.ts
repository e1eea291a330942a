import { readFileSync } from "node:fs";

/** A process. */
export interface FoundProcess {
  name: string;
  /** One letter, as in proc(5). */
  state: string;
  parent: number;
}

/** Reads the first fields of a process's `stat` file. Throws if there is no such process. */
export function readProcess(pid: number): FoundProcess | undefined {
  // The name is in parentheses and may contain anything.
  const [, name = "", state = "", parent = ""] =
    /^\d+ \((.*)\) (\S) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
  return state === "" ? undefined : { name, state, parent: Number(parent) };
}
