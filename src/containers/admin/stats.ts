import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import type { Cgroup } from "#native/cgroup/cgroup.ts";
import { cgroupOf } from "../limits/cgroups.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import {
  type BlockTraffic,
  type Pressure,
  parseBlockTraffic,
  parseFields,
  parseLimit,
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

/** Resource usage of a container. Fields without a cgroup controller are absent. Nanoseconds and bytes. */
export interface ContainerStats {
  read: Date;
  cpu?: {
    total: number;
    user: number;
    system: number;
    periods: number;
    throttledPeriods: number;
    throttledTime: number;
    /** Time of all processors of the host, idle time included. */
    machine: number;
    processors: number;
  };
  memory?: { usage: number; limit: number; details: Record<string, number>; failures: number };
  /** `limit` is absent for an unlimited container. */
  processes?: { current: number; limit?: number };
  blocks?: BlockTraffic[];
  pressure: Record<string, Pressure>;
  networks?: Record<string, NetworkTraffic>;
}

/** Reads the usage of a container. Returns nothing when the container does not run. */
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
    ...(io === undefined ? {} : { blocks: parseBlockTraffic(io) }),
    pressure: readPressure(text),
    ...own,
  };
}

/** Nanoseconds of a tick in /proc/stat (USER_HZ is 100). */
const nanosecondsPerTick = 10_000_000;

type Reader = (file: string) => string | undefined;

/**
 * Reads the host's times directly after the container's, because clients divide the change of one by the change of the
 * other.
 */
function readCpu(text: Reader): ContainerStats["cpu"] {
  const stat = text("cpu.stat");
  if (stat === undefined) return undefined;
  const fields = parseFields(stat);
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
    limit: Math.min(parseLimit(text("memory.max") ?? "max") ?? machine, machine),
    details: parseFields(text("memory.stat") ?? ""),
    failures: parseFields(text("memory.events") ?? "").oom ?? 0,
  };
}

function readProcesses(text: Reader): ContainerStats["processes"] {
  const current = text("pids.current");
  if (current === undefined) return undefined;
  const limit = parseLimit(text("pids.max") ?? "max");
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
    // The controller is missing, the kernel is older, or the container has exited.
    return undefined;
  }
}

/** Returns the busy and idle time of all processors in nanoseconds. */
function machineTime(): number {
  const line = readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "";
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return ticks.reduce((sum, one) => sum + one, 0) * nanosecondsPerTick;
}

/** Reads the traffic of the interfaces in the container's own network namespace. */
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
      // The kernel adds loopback and tunnel interfaces to every namespace.
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
