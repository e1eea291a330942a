import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import type { Machine } from "../result.ts";
import { summarize } from "./statistics.ts";

/** State of the machine before a benchmark. */
export interface MachineBefore {
  load: number;
  jitter: number;
  stolen: ProcessorTime;
}

/** Clock ticks of all processors since the machine started. */
interface ProcessorTime {
  all: number;
  stolen: number;
}

/** Measures the state of the machine for 0.1 seconds. */
export function observeMachine(): MachineBefore {
  return { load: loadavg()[0] ?? 0, jitter: jitter(), stolen: processorTime() };
}

/** Describes the machine, with warnings if its figures may say little. `directory` is the daemon's data directory. */
export function describeMachine({ load, jitter, stolen }: MachineBefore, directory: string): Machine {
  const [first] = cpus();
  const processors = cpus().length;
  const now = processorTime();
  const theft = (now.stolen - stolen.stolen) / Math.max(1, now.all - stolen.all);
  const warnings = [];
  if (load > processors * 0.7) {
    warnings.push(`the load average was ${load.toFixed(2)} on ${processors} processors before the first run`);
  }
  if (jitter > 1.25) warnings.push(`equal calculations took up to ${jitter.toFixed(2)} times their median`);
  if (theft > 0.02)
    warnings.push(`the hypervisor took ${(theft * 100).toFixed(0)} % of the processors' time`);
  return {
    processor: first?.model.trim() ?? "unknown",
    processors,
    memoryBytes: totalmem(),
    kernel: release(),
    cgroup: cgroupVersion(),
    storage: fileSystemOf(directory),
    loadBefore: load,
    loadAfter: loadavg()[0] ?? 0,
    jitter,
    warnings,
  };
}

/** Repeats a calculation of about 2 ms, and returns its 90th percentile relative to its median. */
function jitter(): number {
  const times = Array.from({ length: 50 }, () => {
    const start = Bun.nanoseconds();
    let sum = 0;
    for (let step = 0; step < 1_000_000; step++) sum = (sum * 31 + step) | 0;
    return Bun.nanoseconds() - start + (sum & 1);
  });
  const summary = summarize(times.slice(10));
  return summary === undefined ? 1 : summary.p90 / summary.p50;
}

/** Reads the first line of /proc/stat (proc(5)); the eighth number is stolen time. */
function processorTime(): ProcessorTime {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, tick) => sum + tick, 0), stolen: ticks[7] ?? 0 };
}

function cgroupVersion(): string {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const types = mounts
    .map((line) => line.split(" "))
    .filter(([, path = ""]) => path.startsWith("/sys/fs/cgroup"));
  const has = (type: string) => types.some((fields) => fields[2] === type);
  if (has("cgroup2")) return has("cgroup") ? "v1 and v2" : "v2";
  return has("cgroup") ? "v1" : "none";
}

/** Returns the type of the file system of a path. */
function fileSystemOf(path: string): string {
  const mounts = readFileSync("/proc/self/mounts", "utf8").trim().split("\n");
  let found = { place: "", type: "unknown" };
  for (const line of mounts) {
    const [, place = "", type = "unknown"] = line.split(" ");
    const below = place === "/" || path === place || path.startsWith(`${place}/`);
    if (below && place.length >= found.place.length) found = { place, type };
  }
  return found.type;
}
