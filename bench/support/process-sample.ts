import { readdirSync, readFileSync } from "node:fs";
import type { BenchDaemon } from "./daemon.ts";

/** Resources that the processes of a daemon use at one moment. */
export interface ProcessSample {
  /** Hours since the first sample. */
  hours: number;
  values: Record<string, number>;
}

/** Reads memory and descriptors of the daemon, its zygote and its net helper, and the bytes of the store. */
export async function sampleProcesses(daemon: BenchDaemon, hours: number): Promise<ProcessSample> {
  const run = daemon.environment.TBOX_RUN_DIR ?? "";
  const processes = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(run));
  const named = (name: string) => processes.filter((pid) => nameOf(pid) === name);
  const sum = (pids: string[]) => pids.reduce((total, pid) => total + ownMemory(pid), 0);
  const usage = (await (await daemon.request("GET", "/system/df")).json()) as Usage;
  const stored = [usage.ImageUsage, usage.ContainerUsage, usage.VolumeUsage, usage.BuildCacheUsage];
  return {
    hours,
    values: {
      "daemon KiB": ownMemory(String(daemon.pid)),
      "daemon descriptors": readdirSync(`/proc/${daemon.pid}/fd`).length,
      "zygote KiB": sum(named("tbox-zygote")),
      "net helper KiB": sum(named("tbox-net")),
      processes: processes.length,
      "store KiB": stored.reduce((total, part) => total + (part?.TotalSize ?? 0), 0) / 1024,
    },
  };
}

type Usage = Partial<
  Record<"ImageUsage" | "ContainerUsage" | "VolumeUsage" | "BuildCacheUsage", { TotalSize: number }>
>;

/** Returns the slope of the line through points (hours, value) with the least squares. */
export function slopePerHour(points: [number, number][]): number {
  const mean = (index: 0 | 1) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
}

/** Returns the anonymous resident memory in KiB, which other processes do not share; 0 for a process that has ended. */
export function ownMemory(pid: string): number {
  return Number(/^RssAnon:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** Returns the processor time that the net helper of a run directory has used, in milliseconds. */
export function netHelperTime(run: string): number {
  const isHelper = (pid: string) => nameOf(pid) === "tbox-net" && commandOf(pid).includes(run);
  const pid = readdirSync("/proc").find((one) => /^\d+$/.test(one) && isHelper(one));
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /, "")
    .split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks * 10;
}

export function commandOf(pid: string): string {
  return read(`/proc/${pid}/cmdline`);
}

function nameOf(pid: string): string {
  return read(`/proc/${pid}/comm`).trim();
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
