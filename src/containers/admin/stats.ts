import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import type { Cgroup } from "#native/cgroup/cgroup.ts";
import { cgroupOf } from "../limits/cgroups.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { isRunning } from "../state/container-record.ts";
import {
  type BlockTraffic,
  blockTraffic,
  fieldsOf,
  limitOf,
  type Pressure,
  parsePressure,
} from "./cgroup-files.ts";

export interface NetworkTraffic {
  receivedBytes: number;
  receivedPackets: number;
  receivedErrors: number;
  receivedDropped: number;
  sentBytes: number;
  sentPackets: number;
  sentErrors: number;
  sentDropped: number;
}

/** What a container uses. What has no controller is left out; times in nanoseconds, sizes in bytes. */
export interface ContainerStats {
  read: Date;
  cpu?: {
    total: number;
    user: number;
    system: number;
    periods: number;
    throttledPeriods: number;
    throttledTime: number;
    /** Of the whole machine. */
    machine: number;
    processors: number;
  };
  memory?: { usage: number; limit: number; details: Record<string, number>; failures: number };
  /** `limit` is absent where there is none. */
  processes?: { current: number; limit?: number };
  blocks?: BlockTraffic[];
  pressure: Record<string, Pressure>;
  networks?: Record<string, NetworkTraffic>;
}

/** Reads a container's files; nothing when it does not run. */
export function readStats(services: ContainerServices, name: string): ContainerStats | undefined {
  const record = services.records.find(name);
  if (!isRunning(record)) return undefined;
  const networks = readNetworks(record);
  const own = networks === undefined ? {} : { networks };
  const cgroup = cgroupOf(record);
  const read = new Date();
  if (!cgroup) return { read, pressure: {}, ...own };
  const text = (file: string) => textOf(cgroup, file);
  const cpu = readCpu(text);
  const memory = readMemory(text);
  const processes = readProcesses(text);
  const io = text("io.stat");
  return {
    read,
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...(processes === undefined ? {} : { processes }),
    ...(io === undefined ? {} : { blocks: blockTraffic(io) }),
    pressure: readPressure(text),
    ...own,
  };
}

type Reader = (file: string) => string | undefined;

/** The machine's times are read right beside: their differences are compared. */
function readCpu(text: Reader): ContainerStats["cpu"] {
  const stat = text("cpu.stat");
  if (stat === undefined) return undefined;
  const fields = fieldsOf(stat);
  const nanoseconds = (name: string) => (fields[name] ?? 0) * 1000;
  return {
    total: nanoseconds("usage_usec"),
    user: nanoseconds("user_usec"),
    system: nanoseconds("system_usec"),
    periods: fields.nr_periods ?? 0,
    throttledPeriods: fields.nr_throttled ?? 0,
    throttledTime: nanoseconds("throttled_usec"),
    machine: machineTime(),
    processors: cpus().length,
  };
}

function readMemory(text: Reader): ContainerStats["memory"] {
  const usage = text("memory.current");
  if (usage === undefined) return undefined;
  const machine = totalmem();
  return {
    usage: Number(usage),
    limit: Math.min(limitOf(text("memory.max") ?? "max") ?? machine, machine),
    details: fieldsOf(text("memory.stat") ?? ""),
    failures: fieldsOf(text("memory.events") ?? "").oom ?? 0,
  };
}

function readProcesses(text: Reader): ContainerStats["processes"] {
  const current = text("pids.current");
  if (current === undefined) return undefined;
  const limit = limitOf(text("pids.max") ?? "max");
  return { current: Number(current), ...(limit === undefined ? {} : { limit }) };
}

function readPressure(text: Reader): Record<string, Pressure> {
  const kinds = ["cpu", "memory", "io"].flatMap((kind): [string, Pressure][] => {
    const found = text(`${kind}.pressure`);
    return found === undefined ? [] : [[kind, parsePressure(found)]];
  });
  return Object.fromEntries(kinds);
}

function textOf(cgroup: Cgroup, file: string): string | undefined {
  try {
    return cgroup.read(file);
  } catch {
    // No controller, an older kernel, or the end of the container.
    return undefined;
  }
}

/** Busy and idle time of all processors, in nanoseconds. */
function machineTime(): number {
  const line = readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "";
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return ticks.reduce((sum, one) => sum + one, 0) * 10_000_000;
}

/** Of the interfaces to networks that a container has of its own. */
function readNetworks({ network, state }: ContainerRecord): ContainerStats["networks"] {
  if (!network) return undefined;
  let table: string;
  try {
    table = readFileSync(`/proc/${state.pid}/net/dev`, "utf8");
  } catch {
    return undefined;
  }
  const found = table
    .split("\n")
    .slice(2)
    .flatMap((line): [string, NetworkTraffic][] => {
      const [name = "", rest = ""] = line.trim().split(/:\s*/);
      // Others are the kernel's own: loopback, and the tunnels that every namespace begins with.
      if (!/^eth\d+$/.test(name)) return [];
      const numbers = rest.split(/\s+/).map(Number);
      const at = (index: number) => numbers[index] ?? 0;
      return [
        [
          name,
          {
            receivedBytes: at(0),
            receivedPackets: at(1),
            receivedErrors: at(2),
            receivedDropped: at(3),
            sentBytes: at(8),
            sentPackets: at(9),
            sentErrors: at(10),
            sentDropped: at(11),
          },
        ],
      ];
    });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
