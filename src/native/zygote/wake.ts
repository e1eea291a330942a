import { readFileSync } from "node:fs";
import { protocolVersion, zygoteRecordSchema } from "../protocol/zygote.ts";

/**
 * Asks the zygote of a store to create its sockets again, after the run directory was removed. Returns false when no
 * zygote runs.
 */
export function wakeZygote(store: string): boolean {
  try {
    const text = readFileSync(`${store}/zygote-${protocolVersion}.json`, "utf8");
    return signalProcess(zygoteRecordSchema.parse(JSON.parse(text)).pid, "tbox-zygote", "SIGUSR1");
  } catch {
    return false;
  }
}

/**
 * Asks the monitor of a container, the parent of the container's PID 1, to create its socket again. Returns false when
 * the monitor does not run.
 */
export function wakeMonitor(program: number): boolean {
  return signalMonitor(program, "SIGUSR1");
}

/** Kills the monitor of a container. */
export function endMonitor(program: number): boolean {
  return signalMonitor(program, "SIGKILL");
}

function signalMonitor(program: number, signal: NodeJS.Signals): boolean {
  try {
    const parent = readProcess(program)?.parent ?? 0;
    return signalProcess(parent, "tbox-monitor", signal);
  } catch {
    return false;
  }
}

function signalProcess(pid: number, name: string, signal: NodeJS.Signals): boolean {
  const found = readProcess(pid);
  // A zombie keeps its name.
  if (found?.name !== name || found.state === "Z") return false;
  return process.kill(pid, signal);
}

/** Reads the name, the state and the parent of a process from the first fields of its `stat` file. */
function readProcess(pid: number): { name: string; state: string; parent: number } | undefined {
  // The name is in parentheses and may contain anything.
  const [, name = "", state = "", parent = ""] =
    /^\d+ \((.*)\) (\S) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
  return state === "" ? undefined : { name, state, parent: Number(parent) };
}
