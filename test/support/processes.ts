import { readdirSync, readFileSync } from "node:fs";

/** Returns the ids of the processes whose command line contains the text, forks included. */
export function processesMentioning(text: string): number[] {
  return processIds().filter((pid) => textOf(pid, "cmdline").split("\0").join(" ").includes(text));
}

/** Returns the ids of the processes that were started with this variable, given as `NAME=value`. */
export function processesWithVariable(variable: string): number[] {
  return processIds().filter((pid) => textOf(pid, "environ").split("\0").includes(variable));
}

/** Returns the ids of these processes with a certain name. */
export function processesNamed(name: string, text: string): number[] {
  return processesMentioning(text).filter((pid) => nameOf(pid) === name);
}

/** Returns the same as `processesMentioning`, without the monitors and sandboxes that are prepared ahead, which may or may not exist. */
export function busyProcesses(text: string): number[] {
  return processesMentioning(text).filter((pid) => !["tbox-standby", "tbox-ready"].includes(nameOf(pid)));
}

/** Returns the name of a process; undefined when it has ended. */
export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd();
  } catch {
    return "";
  }
}

/** Kills the processes with all their descendants, and waits for their end. */
export async function killTrees(roots: number[]): Promise<void> {
  const pids = withDescendants(roots);
  killAll(pids);
  while (pids.some(isRunning)) await Bun.sleep(5);
}

/** Kills the processes. One that has ended meanwhile, or that has a subordinate id and ends with its parents, is left out. */
export function killAll(pids: number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // The process has ended, or belongs to another id.
    }
  }
}

/** Returns whether a process exists and is not a zombie. */
export function isRunning(pid: number): boolean {
  const state = statFields(pid)?.[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

function withDescendants(roots: number[]): number[] {
  const parents = new Map(processIds().map((pid) => [pid, Number(statFields(pid)?.[1])]));
  const found = new Set(roots);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

function processIds(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}

function textOf(pid: number, file: "cmdline" | "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** Returns the fields after the name: state, parent, … */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
