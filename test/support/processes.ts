import { readdirSync, readFileSync } from "node:fs";

/** Process ids of those whose command line holds the text, forks included. */
export function processesMentioning(text: string): number[] {
  return processIds().filter((pid) => commandLine(pid).split("\0").join(" ").includes(text));
}

/** Those of them that call themselves by this name. */
export function processesNamed(name: string, text: string): number[] {
  return processesMentioning(text).filter((pid) => nameOf(pid) === name);
}

/** As `processesMentioning`, without the one that is kept ready for the next container, which may be there or not. */
export function busyProcesses(text: string): number[] {
  return processesMentioning(text).filter((pid) => nameOf(pid) !== "tbox-standby");
}

/** What a process calls itself; nothing when it has ended. */
export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd();
  } catch {
    return "";
  }
}

/** Kills the processes and everything that descends from them, and waits for their end. */
export async function killTrees(roots: number[]): Promise<void> {
  const pids = withDescendants(roots);
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Ended already, or it runs under a subordinate id and ends with its parents.
    }
  }
  while (pids.some(isRunning)) await Bun.sleep(5);
}

/** Whether a process exists and is not a zombie. */
function isRunning(pid: number): boolean {
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

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** The fields after the name: state, parent, … */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
