import type {
  BlockStats,
  CpuStats,
  InterfaceStats,
  MemoryStats,
  StatsSample,
} from "#api/answers/container-stats.ts";
import type { ContainerStats, NetworkTraffic } from "#containers/admin/stats.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import { never } from "#support/time/timestamp.ts";

/**
 * Returns an object of `GET /containers/{id}/stats`; `before` is the previous sample. Fields without a cgroup
 * controller stay empty, as Docker leaves them for a container that does not run.
 */
export function shapeStats(
  { id, name }: ContainerRecord,
  now: ContainerStats | undefined,
  before: ContainerStats | undefined,
): StatsSample {
  return {
    name: `/${name}`,
    id,
    read: now?.read.toISOString() ?? never,
    preread: before?.read.toISOString() ?? never,
    pids_stats: shapeProcesses(now),
    blkio_stats: shapeBlocks(now),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: shapeCpu(now),
    precpu_stats: shapeCpu(before),
    memory_stats: shapeMemory(now),
    ...(now?.networks === undefined ? {} : { networks: shapeNetworks(now.networks) }),
    // Pressure stall information is tbox's own addition.
    ...(now === undefined ? {} : { Tbox: { Pressure: now.pressure } }),
  };
}

function shapeProcesses(stats: ContainerStats | undefined): StatsSample["pids_stats"] {
  const { current, limit } = stats?.processes ?? {};
  return {
    ...(current === undefined ? {} : { current }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function shapeCpu(stats: ContainerStats | undefined): CpuStats {
  const cpu = stats?.cpu;
  return {
    cpu_usage: {
      total_usage: cpu?.total ?? 0,
      usage_in_kernelmode: cpu?.system ?? 0,
      usage_in_usermode: cpu?.user ?? 0,
    },
    ...(cpu === undefined ? {} : { system_cpu_usage: cpu.machine, online_cpus: cpu.processors }),
    throttling_data: {
      periods: cpu?.periods ?? 0,
      throttled_periods: cpu?.throttledPeriods ?? 0,
      throttled_time: cpu?.throttledTime ?? 0,
    },
  };
}

function shapeMemory(stats: ContainerStats | undefined): MemoryStats {
  const memory = stats?.memory;
  if (memory === undefined) return {};
  return { usage: memory.usage, stats: memory.details, failcnt: memory.failures, limit: memory.limit };
}

function shapeBlocks(stats: ContainerStats | undefined): BlockStats {
  const blocks = stats?.blocks;
  const entry = (major: number, minor: number, op: string, value: number) => ({ major, minor, op, value });
  return {
    io_service_bytes_recursive:
      blocks?.flatMap(({ major, minor, readBytes, writtenBytes }) => [
        entry(major, minor, "read", readBytes),
        entry(major, minor, "write", writtenBytes),
      ]) ?? null,
    io_serviced_recursive:
      blocks?.flatMap(({ major, minor, reads, writes }) => [
        entry(major, minor, "read", reads),
        entry(major, minor, "write", writes),
      ]) ?? null,
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
}

function shapeNetworks(networks: Record<string, NetworkTraffic>): Record<string, InterfaceStats> {
  return Object.fromEntries(
    Object.entries(networks).map(([name, one]) => [
      name,
      {
        rx_bytes: one.receivedBytes,
        rx_packets: one.receivedPackets,
        rx_errors: one.receivedErrors,
        rx_dropped: one.receivedDropped,
        tx_bytes: one.sentBytes,
        tx_packets: one.sentPackets,
        tx_errors: one.sentErrors,
        tx_dropped: one.sentDropped,
      },
    ]),
  );
}
