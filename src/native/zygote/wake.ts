import { readFileSync } from "node:fs";
import { protocolVersion, zygoteRecordSchema } from "../protocol/zygote.ts";

/**
 * Asks the zygote of a store to create its sockets again, after the run directory was removed. Returns false when no
 * zygote runs.
 */
export function wakeZygote(store: string): boolean {
  try {
    const text = readFileSync(`${store}/zygote-${protocolVersion}.json`, "utf8");
    return wakeProcess(zygoteRecordSchema.parse(JSON.parse(text)).pid, "tbox-zygote");
  } catch {
    return false;
  }
}

/** Asks the monitor of a container, the parent of the container's PID 1, to create its socket again. */
export function wakeMonitor(program: number): boolean {
  try {
    const parent = readProcess(program)?.parent ?? 0;
    return wakeProcess(parent, "tbox-monitor");
  } catch {
    return false;
  }
}

function wakeProcess(pid: number, name: string): boolean {
  const found = readProcess(pid);
  // A zombie keeps its name.
  if (found?.name !== name || found.state === "Z") return false;
  return process.kill(pid, "SIGUSR1");
}

/** Reads the name, the state and the parent of a process from the first fields of its `stat` file. */
function readProcess(pid: number): { name: string; state: string; parent: number } | undefined {
  // The name is in parentheses and may contain anything.
  const [, name = "", state = "", parent = ""] =
    /^\d+ \((.*)\) (\S) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
  return state === "" ? undefined : { name, state, parent: Number(parent) };
}
